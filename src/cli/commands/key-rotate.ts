import { LIMITS } from '../../core/limits.ts'
import { KEY_ROTATION } from '../../core/ports/settings.ts'
import { counted } from '../counted.ts'
import { usage } from '../parse.ts'
import type { Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { durationDays } from '../time.ts'

export const handle: Handler<Sub<'key', 'rotate'>> = async ({ options }, session) => {
  if (options.every !== undefined) return schedule(session, options.every)
  const platform = await session.platform()
  const progress = await session.out.progress('re-wrapping')
  const report = await platform.keys.rotate({
    ...(await session.operator()),
    ...(progress === undefined ? {} : { progress }),
  })
  await session.out.result(report, () => {
    const retired = report.retired.length === 0 ? '' : `; retired ${report.retired.join(', ')}`
    const term = report.made
      ? `term ${report.term} is active`
      : `an interrupted rotation to term ${report.term} is finished`
    session.out.note(`${term}; ${counted(report.rewrapped, 'version')} re-wrapped${retired}`)
  })
}

async function schedule(session: Session, every: string): Promise<void> {
  const everyDays = every === 'never' ? null : daysOf(every)
  await (await session.coffer()).settings.put(KEY_ROTATION, { everyDays })
  await session.out.result({ everyDays }, () => {
    session.out.note(
      everyDays === null
        ? 'The key is rotated only by `coffer key rotate`.'
        : `The key is rotated by a sweep once its term is ${everyDays} days old.`,
    )
  })
}

function daysOf(every: string): number {
  const max = LIMITS.keyRotateEveryDaysMax
  const days = /^\d{1,6}[dwy]?$/.test(every) ? durationDays(every, 'every') : 0
  if (days < 1 || days > max) throw usage(`--every takes 1d to ${max}d, 1w, 1y, or never.`)
  return days
}
