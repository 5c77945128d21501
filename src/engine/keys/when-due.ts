import type { KeyRotationReport } from '../../core/ports/platform.ts'
import type { KeyTerm } from '../../crypto/keyring.ts'
import { activeTerm } from '../../crypto/keyring.ts'
import type { EngineContext, Origin } from '../context.ts'
import { newestKeyring } from './rewrap.ts'
import { rotate } from './rotate.ts'
import { isTermDue, readSchedule } from './schedule.ts'

/**
 * Makes a new term where the active one is old enough, and finishes a rotation that was interrupted.
 * Undefined where there was nothing to do. Asks nobody: it is Coffer's own work, which leaves the
 * disk's reserve to administrators.
 */
export async function rotateWhenDue(
  context: EngineContext,
  origin: Origin,
): Promise<KeyRotationReport | undefined> {
  const { everyDays } = await readSchedule(context)
  const wanted = (active: KeyTerm) => isTermDue(active, everyDays, context.clock())
  const keyring = await context.store.read((rows) => newestKeyring(context, rows))
  const isHalfDone = keyring.terms.some(({ state }) => state === 'retiring')
  if (!isHalfDone && !wanted(activeTerm(keyring))) return undefined
  const report = await rotate(context, origin, { allowed: () => {}, wanted, reserve: false })
  const { made, rewrapped, retired } = report
  return made || rewrapped + retired.length > 0 ? report : undefined
}
