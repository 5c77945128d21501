import type { AuditAction, AuditEvent } from '../core/event.ts'
import type { AuditAnchor } from '../core/ports/audit-log.ts'
import type { Random } from '../core/ports/ambient.ts'
import type { Store } from '../core/ports/store.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { originFacts } from './audited.ts'
import type { Origin } from './context.ts'
import { putEvent } from './outbox.ts'
import { readState, sealState } from './state.ts'

export interface Epoch extends Pick<Origin, 'actor' | 'via'> {
  /** `store.restore` from a backup, `store.epoch` when a put-back store is accepted. */
  readonly action: Extract<AuditAction, 'store.restore' | 'store.epoch'>
  readonly reason: string
  readonly now: number
  /** The newest generation that anybody remembers: the store goes on above it. */
  readonly known: number
  /** The digest of the heads that are there, when they are accepted as they are. */
  readonly digest?: Uint8Array | undefined
  /** The end of the log that will carry the event; a new log has none. */
  readonly anchor: AuditAnchor
}

/**
 * Lifts the store's generation above everything known, with the audit event that says so in the
 * outbox: from then on nothing looks rolled back, and the log tells that somebody decided it.
 */
export async function startEpoch(
  store: Store,
  keyring: Keyring,
  epoch: Epoch,
  random: Random,
): Promise<number> {
  const { action, actor, reason, now, known, anchor } = epoch
  return store.write(async (rows) => {
    const state = await readState(rows, keyring)
    const generation = Math.max(state.generation, known) + 1
    const event: AuditEvent = {
      at: now,
      actor,
      action,
      outcome: 'allowed',
      resource: 'store:data',
      reason,
      generation,
      ...originFacts(epoch),
    }
    await rows.trimOutbox(generation - 1)
    await putEvent(rows, keyring, generation, event)
    const next = {
      ...state,
      generation,
      accessGeneration: generation,
      digest: epoch.digest ?? state.digest,
      anchor,
    }
    await rows.putState(sealState(keyring.stateKey, keyring.storeId, next, random))
    return generation
  })
}
