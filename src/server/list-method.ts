import type { FastifyInstance } from 'fastify'
import type { Socket } from 'node:net'
import { LIMITS } from '../core/limits.ts'
import { METHOD, parseListHead } from './list-method-head.ts'
import type { ListHead } from './list-method-head.ts'
import { closeWith, whenAnswered } from './raw-answer.ts'
import type { RawAnswer } from './raw-answer.ts'

/** What Node's parser says of bytes that it refuses. */
export interface ParseError extends Error {
  readonly code?: string
  /** All of the packet in which it failed, requests before it included. */
  readonly rawPacket?: Buffer
  /** Where in the packet it failed: at the `S` of LIST. */
  readonly bytesParsed?: number
}

/** Its first two letters begin methods that Node knows: LINK. */
const KNOWN_LETTERS = 2

/**
 * Where LIST begins in the packet that Node refused, before it when its first letters came in the
 * packet before; absent when that is no LIST. Those letters are gone by then: that a method began
 * there is certain, since only there the parser complains of a method.
 */
export function listStart({ code, rawPacket, bytesParsed }: ParseError): number | undefined {
  if (code !== 'HPE_INVALID_METHOD' || rawPacket === undefined) return undefined
  const start = (bytesParsed ?? 0) - KNOWN_LETTERS
  const seen = rawPacket.subarray(Math.max(0, start)).toString('latin1')
  const rest = METHOD.slice(Math.max(0, -start))
  return seen.startsWith(rest.slice(0, seen.length)) && seen.length > 0 ? start : undefined
}

/** A LIST request whose head is still coming. The parser hands each further packet to `more`. */
export interface ListRequest {
  more(packet: Buffer): void
  /** The client took too long. */
  late(): void
}

/** Begins with what came so far; ends with the answer on the socket, which is then closed. */
export function receiveList(
  socket: Socket,
  { rawPacket = Buffer.alloc(0) }: ParseError,
  start: number,
  app: FastifyInstance,
  refuse: (status: number) => RawAnswer,
): ListRequest {
  let bytes = Buffer.from(METHOD.slice(0, Math.max(0, -start)), 'latin1')
  let done = false
  const finish = (answer: () => Promise<RawAnswer> | RawAnswer) => {
    done = true
    clearTimeout(patience)
    whenAnswered(socket)
      .then(answer)
      .then((given) => closeWith(socket, given))
      .catch(() => socket.destroy())
  }
  const request: ListRequest = {
    more(packet) {
      if (done) return
      bytes = Buffer.concat([bytes, packet])
      const parsed = parseListHead(bytes)
      if (parsed.state === 'incomplete') return
      finish(() =>
        parsed.state === 'refused'
          ? refuse(parsed.status)
          : answerTo(parsed.head, socket, app, refuse),
      )
    },
    late() {
      if (!done) finish(() => refuse(408))
    },
  }
  const patience = setTimeout(() => request.late(), LIMITS.requestHeadTimeoutMs).unref()
  request.more(rawPacket.subarray(Math.max(0, start)))
  return request
}

/** In process, as the GET that it stands for. */
async function answerTo(
  { target, headers }: ListHead,
  socket: Socket,
  app: FastifyInstance,
  refuse: (status: number) => RawAnswer,
): Promise<RawAnswer> {
  if (!target.startsWith('/v1/')) return refuse(405)
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !FRAMING.has(name)))
  try {
    const answer = await app.inject({
      method: 'GET',
      url: asGet(target),
      headers: kept,
      ...(socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress }),
    })
    return { status: answer.statusCode, headers: answer.headers, body: answer.rawPayload }
  } catch {
    // Only a server that is being closed takes no request.
    return refuse(503)
  }
}

/** Of this connection, or of a body that is not passed on. */
const FRAMING = new Set(['connection', 'content-length', 'expect', 'transfer-encoding'])

/** With `list=true` as the only word on listing. */
export function asGet(target: string): string {
  const [path = '', ...query] = target.split('?')
  const kept = query
    .join('?')
    .split('&')
    .filter((pair) => pair !== '' && !/^list(?:=|$)/.test(pair))
  return `${path}?${[...kept, 'list=true'].join('&')}`
}
