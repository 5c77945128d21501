import type { IncomingMessage, ServerResponse } from 'node:http'
import { noteError } from './observe.ts'
import type { Asking } from './observe.ts'
import type { Head } from './head.ts'
import { headOf } from './head.ts'

/** An answer that is whole. */
export interface WholeAnswer {
  readonly status: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: string
}

/** Answers one request; rejects with what it is refused with. */
export type DirectWork = (request: Asking) => Promise<WholeAnswer>

/**
 * How a dialect answers what is asked most without Fastify's router: with the functions of its route,
 * so that it permits, audits and answers the same. Whatever is not plainly such a request is left to
 * the route.
 */
export interface DirectWay {
  /** Absent: not such a request. Nothing happens here. */
  workFor(raw: IncomingMessage, head: Head): DirectWork | undefined
  /** The answer to what the work, or a limit, refused. */
  refusal(error: unknown, request: Asking): WholeAnswer
  /** For watchers, as the route has it. */
  readonly via: string
}

export interface DirectParts {
  /** Asked in order; there may be more later. */
  readonly ways: readonly DirectWay[]
  readonly nextId: () => string
  /** Whether requests go to Fastify from now on, which tells them that the server ends. */
  readonly closing: () => boolean
  readonly watch: (request: Asking, answer: ServerResponse) => void
  /** Calls back when the request may go on, or with what it is refused with. */
  readonly admit: (request: Asking, done: (error?: unknown) => void) => void
  /** On every answer; names and values in turn. */
  readonly headers: readonly string[]
}

/** True when it took the request. */
export function createDirect(
  parts: DirectParts,
): (raw: IncomingMessage, answer: ServerResponse) => boolean {
  const { ways, nextId, closing, watch, admit, headers } = parts
  const send = (raw: ServerResponse, answer: WholeAnswer): void => {
    const { body } = answer
    const length = Buffer.byteLength(body)
    raw.writeHead(answer.status, [...headers, ...answer.headers, 'content-length', `${length}`])
    // Of ASCII both are the same bytes, and one is written without looking at each.
    raw.end(body, length === body.length ? 'latin1' : 'utf8')
  }

  const refuse = (way: DirectWay, error: unknown, request: Asking, answer: ServerResponse) => {
    noteError(request, error)
    // Half of an answer is none.
    if (answer.headersSent) answer.destroy()
    else send(answer, way.refusal(error, request))
  }

  async function carryOut(
    way: DirectWay,
    work: DirectWork,
    request: Asking,
    answer: ServerResponse,
  ): Promise<void> {
    try {
      send(answer, await work(request))
    } catch (error) {
      refuse(way, error, request, answer)
    }
  }

  return (raw, answer) => {
    if (closing()) return false
    const head = headOf(raw)
    if (!head.sound) return false
    for (const way of ways) {
      const work = way.workFor(raw, head)
      if (work === undefined) continue
      const { socket } = raw
      const request: Asking = {
        id: nextId(),
        ip: socket.remoteAddress ?? '',
        protocol: 'encrypted' in socket ? 'https' : 'http',
        routeOptions: { config: { via: way.via } },
        seen: undefined,
      }
      watch(request, answer)
      admit(request, (error) => {
        if (error === undefined) carryOut(way, work, request, answer).catch(() => answer.destroy())
        else refuse(way, error, request, answer)
      })
      return true
    }
    return false
  }
}
