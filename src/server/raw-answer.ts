import { STATUS_CODES } from 'node:http'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** An answer on a connection that Node's parser has given up. */
export interface RawAnswer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer
}

/** How long a client that was told everything may take to close its side. */
const LINGER_MS = 1_000

/** Of one connection or hop only: told anew. */
const HOP = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])

/**
 * Writes the answer and ends the connection; what the client still sends is read and dropped, since
 * a reset would take the answer along.
 */
export function closeWith(socket: Socket, { status, headers, body }: RawAnswer): void {
  if (!socket.writable) return void socket.destroy()
  const lines = Object.entries(headers)
    .filter(([name, value]) => !HOP.has(name) && value !== undefined)
    .flatMap(([name, value]) => [value].flat().map((each) => `${name}: ${each}\r\n`))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`,
    ...lines,
    `date: ${new Date().toUTCString()}\r\n`,
    `content-length: ${body.length}\r\nconnection: close\r\n\r\n`,
  ].join('')
  socket.once('end', () => socket.destroySoon())
  socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body]), () => {
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  })
}

/**
 * Resolves when the answers to earlier requests of this connection are written, which come first.
 * Node keeps the one under way at the socket (it says so for `clientError`); the next takes its place
 * before anybody hears that it is finished.
 */
export async function whenAnswered(socket: Socket): Promise<void> {
  for (let open = openAnswer(socket); open !== undefined; open = openAnswer(socket)) {
    const answer = open
    await new Promise<void>((resolve) => answer.once('close', () => resolve()))
    if (openAnswer(socket) === answer) return
  }
}

/** The answer that is being written, and whether its request has been read to its end. */
export const openAnswer = (socket: Socket): ServerResponse | undefined =>
  (socket as { [OPEN_ANSWER]?: ServerResponse | null })[OPEN_ANSWER] ?? undefined

const OPEN_ANSWER = '_httpMessage'
