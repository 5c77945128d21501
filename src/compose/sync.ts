import type { DestinationContext } from '../adapters/destinations/context.ts'
import { DESTINATIONS } from '../adapters/destinations/registry.ts'
import { CofferError } from '../core/errors.ts'
import type { Destination } from '../core/ports/destination.ts'
import { randomBytes } from 'node:crypto'
import { isGone, processMark } from './process-mark.ts'

export { abandonedBy } from '../engine/sync/abandoned.ts'
export { applySync } from '../engine/sync/apply.ts'
export type { ApplyOptions } from '../engine/sync/apply.ts'
export type { PlanReason } from '../engine/sync/decide.ts'
export { ledgerPath } from '../engine/sync/ledger.ts'
export { planSync } from '../engine/sync/plan.ts'
export type { PlanOptions } from '../engine/sync/plan.ts'
export { isChange, isEmptying, isWork } from '../engine/sync/sync.ts'
export type {
  PlanItem,
  SyncEntry,
  SyncPlan,
  SyncReport,
  SyncResult,
  SyncTarget,
  SyncWorld,
} from '../engine/sync/sync.ts'

/**
 * A destination of the registry.
 * @throws CofferError `invalid_config` for a kind that there is not, and what its factory throws
 */
export async function openDestination(
  kind: string,
  context: DestinationContext,
): Promise<Destination> {
  const kinds = Object.keys(DESTINATIONS)
  if (!Object.hasOwn(DESTINATIONS, kind)) {
    throw new CofferError('invalid_config', `There is no kind of destination ${kind}.`, {
      remedy: `Write one of ${kinds.join(', ')}.`,
    })
  }
  const factory = await DESTINATIONS[kind as keyof typeof DESTINATIONS]()
  return factory(context)
}

/** The process's own clock, randomness and mark, for `SyncWorld`. */
export const ambient = {
  clock: Date.now,
  random: (bytes: number) => randomBytes(bytes),
  process: {
    get mark() {
      return processMark()
    },
    isGone,
  },
} as const
