import { createReadStream, readFileSync } from 'node:fs'
import { CofferError, ERRORS } from '../../core/errors.ts'
import type { AuditReport } from '../../core/ports/coffer.ts'
import type { Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'audit', 'verify'>> = async ({ options }, session) => {
  const report =
    options.file === undefined
      ? await verifyLog(session)
      : await verifyFile(options.file, options, session)
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

async function verifyLog(session: Session): Promise<AuditReport> {
  const { audit } = await session.coffer()
  const checkpoint = await session.checkpoint()
  const progress = await session.out.progress('verifying')
  return audit.verify({ checkpoint, progress })
}

async function verifyFile(
  file: string,
  options: { readonly 'public-key'?: string; readonly 'store-id'?: string },
  session: Session,
): Promise<AuditReport> {
  const { 'public-key': key, 'store-id': storeId } = options
  if (key === undefined || storeId === undefined) {
    throw new CofferError('invalid_argument', '--file takes --public-key and --store-id beside it.')
  }
  const checkpoint = await session.checkpoint()
  const { verifyExport } = await import('../../compose.ts')
  try {
    const pem = readFileSync(key, 'utf8')
    return await verifyExport(createReadStream(file), pem, storeId, { checkpoint })
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw error
    throw new CofferError('not_found', `There is no file ${path ?? file}.`)
  }
}
