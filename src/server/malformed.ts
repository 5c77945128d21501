import type { FastifyInstance } from 'fastify'
import type { Socket } from 'node:net'
import { CofferError } from '../core/errors.ts'
import { listStart, receiveList } from './list-method.ts'
import type { ListRequest, ParseError } from './list-method.ts'
import { PROBLEM_TYPE, problemOf } from './problem.ts'
import { closeWith, openAnswer, whenAnswered } from './raw-answer.ts'
import type { RawAnswer } from './raw-answer.ts'
import type { Server } from './server.ts'

/** For a CONNECT, which Node has no answer to. */
export const NO_TUNNEL = Object.assign(new Error('CONNECT'), { code: 'COFFER_NO_TUNNEL' })

/**
 * For bytes that Node's parser refuses: a LIST is carried out, anything else is counted, answered
 * with its status and the connection closed. It is called again for each further packet.
 */
export function createMalformed(
  server: Server,
  app: () => FastifyInstance,
): (error: Error, socket: Socket) => void {
  const lists = new WeakMap<Socket, ListRequest>()
  const refused = new WeakSet<Socket>()

  const count = (socket: Socket, status: number) => {
    // A connection that never said a word was opened ahead of need; one at a stop is the stop's doing.
    if (socket.bytesRead === 0 || status === 503) return
    const { code } = WORDS[status] ?? MALFORMED
    server.guard.refused(socket.remoteAddress ?? '', 'malformed', code)
  }

  return (given, socket) => {
    const error: ParseError = given
    if (error.code === 'ECONNRESET' || socket.destroyed) return void socket.destroy()
    const list = lists.get(socket)
    if (list !== undefined) {
      return error.rawPacket === undefined ? list.late() : list.more(error.rawPacket)
    }
    if (refused.has(socket)) return
    const start = listStart(error)
    if (start !== undefined) {
      const refuse = (status: number) => {
        count(socket, status)
        return answerOf(status)
      }
      lists.set(socket, receiveList(socket, error, start, app(), refuse))
      return
    }
    refused.add(socket)
    const status = statusOf(error)
    count(socket, status)
    const open = openAnswer(socket)
    // Its own body was malformed: nobody will ever finish it.
    if (open !== undefined && !open.req.complete) {
      return open.headersSent ? void socket.destroy() : closeWith(socket, answerOf(status))
    }
    whenAnswered(socket).then(
      () => closeWith(socket, answerOf(status, targetOf(error))),
      () => socket.destroy(),
    )
  }
}

function statusOf(error: ParseError): number {
  if (error.code === 'HPE_INVALID_METHOD') return targetOf(error) === undefined ? 400 : 405
  return STATUS[error.code ?? ''] ?? 400
}

const STATUS: Readonly<Record<string, number>> = {
  [NO_TUNNEL.code]: 405,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** How far from its start the parser gives up on a method, at most. */
const METHOD_LETTERS_MAX = 12

/** The target, where a request line has a method that nobody knows: SCAN. */
function targetOf({ rawPacket, bytesParsed = 0 }: ParseError): string | undefined {
  const from = Math.max(0, bytesParsed - METHOD_LETTERS_MAX)
  const text = rawPacket?.subarray(from, from + 4 * METHOD_LETTERS_MAX).toString('latin1') ?? ''
  return /(?:^|[^!-~]|\b)[A-Za-z-]{1,20} (\/[!-~]*)(?: |$)/.exec(text)?.[1]
}

const WORDS: Readonly<Record<number, CofferError>> = {
  405: new CofferError('invalid_argument', 'There is no such method here.'),
  408: new CofferError('timeout', 'The request took too long to arrive.'),
  413: new CofferError('too_large', 'The request is too large.'),
  431: new CofferError('too_large', 'The headers of the request are too large.'),
  503: new CofferError('unavailable', 'The server is being stopped.'),
}
const MALFORMED = new CofferError('invalid_argument', 'The request is malformed.')

function answerOf(status: number, target = ''): RawAnswer {
  const problem = { ...problemOf(WORDS[status] ?? MALFORMED), status }
  // As Vault says it.
  const vault = status === 405 && target.startsWith('/v1/')
  return {
    status,
    headers: {
      'content-type': vault ? 'application/json' : PROBLEM_TYPE,
      'cache-control': 'no-store',
      ...(status === 405 ? { allow: METHODS } : {}),
    },
    body: Buffer.from(JSON.stringify(vault ? { errors: [] } : problem)),
  }
}

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
