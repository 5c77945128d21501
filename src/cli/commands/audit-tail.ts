import type { AuditEntry } from '../../core/ports/coffer.ts'
import { AUDIT_COLUMNS, auditLine } from '../audit-table.ts'
import type { Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

const LIMIT_DEFAULT = 20

export const handle: Handler<Sub<'audit', 'tail'>> = async ({ options }, session) => {
  const { audit } = await session.coffer()
  const entries = await audit.query({ limit: options.limit ?? LIMIT_DEFAULT })
  if (!options.follow) {
    return session.out.result({ entries }, () => session.out.table(entries, AUDIT_COLUMNS))
  }
  const print = (entry: AuditEntry) =>
    session.out.json
      ? session.out.raw(`${JSON.stringify(entry)}\n`)
      : session.out.line(auditLine(entry))
  entries.forEach(print)
  await followUntilStopped(session, entries.at(-1)?.seq ?? 0, print)
}

/**
 * Prints what comes after `seq` until a person interrupts or nobody reads any more. Like every
 * process that stays, it takes its turn at the background sweep.
 */
async function followUntilStopped(
  session: Session,
  seq: number,
  print: (entry: AuditEntry) => void,
): Promise<void> {
  const { audit } = await session.coffer()
  ;(await session.platform()).startSweeping()
  const stopped = session.world.interrupted()
  await new Promise<void>((resolve, reject) => {
    const stop = audit.follow(
      (entry) => {
        try {
          if (entry.seq > seq) print(entry)
        } catch (error) {
          stop()
          reject(error)
        }
      },
      (error) => {
        stop()
        reject(error)
      },
    )
    stopped.addEventListener('abort', () => {
      stop()
      resolve()
    })
  })
}
