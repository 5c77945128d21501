import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { CofferError } from '../core/errors.ts'
import { problemOf } from './wire/error.ts'

/** One request as the fake server saw it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export type Reply = (response: ServerResponse, seen: Seen, socket: Socket) => void

/** A server that answers what a test says, one reply for each request; the last one again. */
export interface FakeServer extends AsyncDisposable {
  readonly url: string
  readonly seen: readonly Seen[]
  readonly port: number
  /** How many are open now. */
  connections(): Promise<number>
}

export async function fakeServer(
  replies: readonly Reply[],
  tls?: { readonly cert: string; readonly key: string },
): Promise<FakeServer> {
  const seen: Seen[] = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const one = { method, url, headers, body }
      const reply = replies[Math.min(seen.length, replies.length - 1)]
      seen.push(one)
      reply?.(response, one, request.socket)
    })
  }
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle)
  server.on('clientError', (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    seen,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const json =
  (document: unknown, status = 200): Reply =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))

export const problem =
  (error: CofferError, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response
      .writeHead(error.status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify(problemOf(error, 'r1')))

export const page =
  (status: number, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(PAGE)

/** The connection ends without an answer. */
export const hangUp: Reply = (_response, _seen, socket) => void socket.destroy()

/** What must never be quoted. */
const PAGE = '<html>CANARY-PAGE</html>'
