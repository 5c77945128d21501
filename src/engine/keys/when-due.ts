import type { KeyRotationReport } from '../../core/ports/platform.ts'
import type { KeyTerm } from '../../crypto/keyring.ts'
import { activeTerm } from '../../crypto/keyring.ts'
import type { EngineContext, Origin } from '../context.ts'
import { rotate } from './rotate.ts'
import { dueAt, readSchedule } from './schedule.ts'

/**
 * Makes a new term where the active one is old enough, and finishes a rotation that was interrupted.
 * Undefined where there was nothing to do. Asks nobody: it is Coffer's own work.
 */
export async function rotateWhenDue(
  context: EngineContext,
  origin: Origin,
): Promise<KeyRotationReport | undefined> {
  const { everyDays } = await readSchedule(context)
  const isDue = (active: KeyTerm) =>
    everyDays !== undefined && dueAt(active, everyDays) <= context.clock()
  const { terms } = context.keys.keyring
  const isHalfDone = terms.some(({ state }) => state === 'retiring')
  if (!isHalfDone && !isDue(activeTerm(context.keys.keyring))) return undefined
  return rotate(context, origin, { allowed: () => {}, wanted: isDue })
}
