import type { IncomingMessage } from 'node:http'
import type { AuditEntry, AuditHead, AuditReader, AuditReport } from '../core/ports/coffer.ts'
import type { Caller } from './caller.ts'
import { listOf, numberOf, objectOf } from './document.ts'
import { brokenOff } from './failure.ts'
import { subscribe } from './stream.ts'

/** The server's audit log. `progress` of a verification is not told over a network. */
export function createAuditReader(caller: Caller, closed: AbortSignal): AuditReader {
  return {
    async query(filter) {
      const query = {
        ...filter,
        since: numberOf('since', filter.since),
        until: numberOf('until', filter.until),
        limit: numberOf('limit', filter.limit),
      }
      return listOf<AuditEntry>(
        await caller.json({ method: 'GET', path: '/audit', query, repeatable: true }),
      )
    },
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
    follow: (each, failed) =>
      subscribe(
        caller,
        {
          request: { method: 'GET', path: '/audit/follow' },
          each: ({ data }) => each(JSON.parse(data) as AuditEntry),
          failed,
          keepsAlive: true,
        },
        closed,
      ),
    async *export({ fromSeq } = {}) {
      const query = { fromSeq: numberOf('fromSeq', fromSeq) }
      const request = { method: 'GET', path: '/audit/export', query, long: true } as const
      yield* bytesOf(await caller.open(request, 'application/jsonl'))
    },
  }
}

/** A body as it comes. @throws CofferError where it breaks off, or has not as much as it should */
export async function* bytesOf(
  message: IncomingMessage,
  expectedBytes?: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
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
