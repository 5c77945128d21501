import type { Handler } from '../spec.ts'
import type { sweep } from '../specs/store.ts'

export const handle: Handler<typeof sweep> = async (_input, session) => {
  const { actor, via } = await session.operator()
  const report = await (await session.platform()).sweep(actor, via)
  const ok = report.digestOk && report.failed.length + report.failedUnnamed === 0
  await session.out.result(report, () => {
    for (const path of report.purged) session.out.line(`purged   ${path}`)
    for (const path of report.rotated) session.out.line(`rotated  ${path}`)
    for (const path of report.due) session.out.line(`due      ${path}`)
    for (const { path, code } of report.failed) session.out.line(`failed   ${path}  ${code}`)
    if (report.failedUnnamed > 0)
      session.out.line(`failed   ${report.failedUnnamed} more, of what you may not list`)
    if (report.keyTerm !== undefined) session.out.line(`key      term ${report.keyTerm} is active`)
    if (!report.digestOk)
      session.out.warn('The digest of the store does not match: run `coffer doctor`.')
    session.out.note(ok ? 'Swept.' : 'Swept, with failures.')
  })
  return ok ? 0 : 1
}
