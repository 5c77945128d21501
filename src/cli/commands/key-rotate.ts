import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'key', 'rotate'>> = async (_input, session) => {
  const platform = await session.platform()
  const progress = await session.out.progress('re-wrapping')
  const report = await platform.keys.rotate({
    ...(await session.operator()),
    ...(progress === undefined ? {} : { progress }),
  })
  await session.out.result(report, () => {
    const retired = report.retired.length === 0 ? '' : `; retired ${report.retired.join(', ')}`
    session.out.note(
      `term ${report.term} is active; ${report.rewrapped} versions re-wrapped${retired}`,
    )
  })
}
