import type { AuditEntry } from '../../core/ports/coffer.ts'
import { AUDIT_COLUMNS, auditLine } from '../audit-table.ts'
import type { Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

const LIMIT_DEFAULT = 20

export const handle: Handler<Sub<'audit', 'tail'>> = async ({ options }, session) => {
  const limit = options.limit ?? LIMIT_DEFAULT
  if (options.follow) return followUntilStopped(session, limit)
  const { audit } = await session.coffer()
  const entries = await audit.query({ limit })
  return session.out.result({ entries }, () => session.out.table(entries, AUDIT_COLUMNS))
}

/**
 * Prints the newest entries and what comes after them, until a person interrupts or nobody reads any
 * more. It follows before it looks back, so that nothing falls between. Like every process that
 * stays, it takes its turn at the background sweep.
 */
async function followUntilStopped(session: Session, limit: number): Promise<void> {
  const { audit } = await session.coffer()
  ;(await session.platform()).startSweeping()
  const stopped = session.world.interrupted()
  const print = printer(session)
  await new Promise<void>((resolve, reject) => {
    let held: AuditEntry[] | undefined = []
    const fail = (error: unknown): void => {
      stop()
      reject(error)
    }
    const tell = (entries: readonly AuditEntry[]): void => {
      try {
        entries.forEach(print)
      } catch (error) {
        fail(error)
      }
    }
    const lookBack = async (): Promise<void> => {
      const before = await audit.query({ limit })
      tell([...before, ...(held ?? [])])
      held = undefined
    }
    const stop = audit.follow(
      (entry) => (held === undefined ? tell([entry]) : void held.push(entry)),
      fail,
      () => void lookBack().catch(fail),
    )
    stopped.addEventListener('abort', () => {
      stop()
      resolve()
    })
  })
}

/** Prints each entry once, in order. */
function printer({ out }: Session): (entry: AuditEntry) => void {
  let seq = 0
  return (entry) => {
    if (entry.seq <= seq) return
    seq = entry.seq
    if (out.json) out.raw(`${JSON.stringify(entry)}\n`)
    else out.line(auditLine(entry))
  }
}
