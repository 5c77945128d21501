import type { IncomingMessage } from 'node:http'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type {
  AuditEntry,
  AuditFilter,
  AuditHead,
  AuditReader,
  AuditReport,
} from '../core/ports/coffer.ts'
import type { Caller } from './caller.ts'
import { eventOf, listOf, numberOf, objectOf } from './document.ts'
import { brokenOff } from './failure.ts'
import { subscribe } from './stream.ts'

/** The server's audit log. `progress` of a verification is not told over a network. */
export function createAuditReader(caller: Caller, closed: AbortSignal): AuditReader {
  const query = async (filter: AuditFilter): Promise<AuditEntry[]> => {
    const asked = {
      ...filter,
      since: numberOf('since', filter.since),
      until: numberOf('until', filter.until),
      limit: numberOf('limit', filter.limit),
    }
    const request = { method: 'GET', path: '/audit', query: asked } as const
    return listOf<AuditEntry>(await caller.json({ ...request, repeatable: true }))
  }
  return {
    query,
    async verify({ checkpoint } = {}) {
      const body = checkpoint === undefined ? {} : { checkpoint }
      const request = { method: 'POST', path: '/audit/verify', body } as const
      const report = await caller.json({ ...request, repeatable: true, long: true })
      return objectOf<AuditReport>(report, 'ok', 'events', 'warnings')
    },
    async head() {
      const head = await caller.json({ method: 'GET', path: '/audit/head', repeatable: true })
      return objectOf<AuditHead>(head, 'seq', 'hash', 'generation', 'key')
    },
    follow(each, failed, began = () => {}) {
      let last: AuditEntry | undefined
      const tell = (entry: AuditEntry): void => {
        if (last !== undefined && entry.seq <= last.seq) return
        last = entry
        each(entry)
      }
      const catchUp = async (): Promise<void> => {
        if (last === undefined) return
        const missed = await query({ since: last.at, limit: CAUGHT_UP_MAX })
        if (missed.length === CAUGHT_UP_MAX) throw tooFarBehind()
        missed.forEach(tell)
      }
      return subscribe(
        caller,
        {
          request: { method: 'GET', path: '/audit/follow' },
          opened: (again) => (again ? catchUp() : began()),
          each: ({ data }) => tell(eventOf<AuditEntry>(data, 'seq', 'at', 'action')),
          failed,
          keepsAlive: true,
        },
        closed,
      )
    },
    async *export({ fromSeq } = {}) {
      const query = { fromSeq: numberOf('fromSeq', fromSeq) }
      const request = { method: 'GET', path: '/audit/export', query, long: true } as const
      yield* bytesOf(await caller.open(request, 'application/jsonl'))
    },
  }
}

/** After a gap the log is asked for so many entries at most. */
const CAUGHT_UP_MAX = 10_000

const tooFarBehind = () =>
  new CofferError('limit_exceeded', 'More entries were missed than can be caught up with.', {
    remedy: 'Export the log from the last entry that you have: `coffer audit export --from-seq`.',
  })

/** A body as it comes. @throws CofferError where it breaks off, or has not as much as it should */
export async function* bytesOf(
  message: IncomingMessage,
  expectedBytes?: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  message.setTimeout(LIMITS.clientTimeoutMs, () => message.destroy())
  try {
    for await (const chunk of message as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      yield chunk
    }
    if (expectedBytes !== undefined && bytes !== expectedBytes) throw brokenOff(undefined)
  } catch (error) {
    throw brokenOff(error)
  } finally {
    message.destroy()
  }
}
