import { ERRORS } from '../../core/errors.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'audit', 'verify'>> = async (_input, session) => {
  const { audit } = await session.coffer()
  const { checkpoint } = await session.options()
  const progress = await session.out.progress('verifying')
  const report = await audit.verify({ checkpoint, progress })
  await session.out.result(report, () => {
    for (const warning of report.warnings) session.out.warn(`warning: ${warning}`)
    if (report.ok) {
      session.out.line(`audit verified: ${report.events} events`)
      if (report.unsigned > 0)
        session.out.note(`${report.unsigned} entries at the end are not signed yet`)
      return
    }
    const { problem } = report
    session.out.line('audit tampered')
    if (problem !== undefined) {
      session.out.line(
        `  first bad entry: ${problem.seq} (${problem.segment} line ${problem.line})`,
      )
      session.out.line(`  ${problem.what}`)
    }
    session.out.warn(`  try: ${ERRORS.audit_tampered.remedy}`)
  })
  return report.ok ? 0 : ERRORS.audit_tampered.exit
}
