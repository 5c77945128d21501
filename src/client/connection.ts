import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { CofferError } from '../core/errors.ts'
import type { Address } from './address.ts'
import { noAnswer, notOurs, tooLate } from './failure.ts'

/** One attempt of a request. */
export interface Exchange {
  readonly method: string
  /** Encoded, with its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  /** For the whole answer; of a stream for its head. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly type: string
  /** Of its `Retry-After`, where that is a number. */
  readonly retryAfterMs: number | undefined
  /** The caller's to erase. */
  readonly body: Buffer
}

/** Connections to one server, kept open between requests. Redirections are not followed. */
export interface Connection {
  readonly address: Address
  /** @throws NoAnswer, CofferError `too_large`, `cancelled` */
  exchange(exchange: Exchange): Promise<Answer>
  /** The answer with its body still to come. @throws NoAnswer, CofferError `cancelled` */
  open(exchange: Exchange): Promise<IncomingMessage>
  close(): void
}

export interface ConnectionOptions {
  /** PEM: trusted in place of the system's authorities. */
  readonly ca?: string | undefined
  readonly answerBytesMax: number
}

const CONNECT_MS_MAX = 5_000
const SOCKETS_MAX = 64
/** A peer that vanished is noticed, also while it is waited for. */
const PROBE_MS = 15_000
/** A connection that nobody uses is given back, to servers that would keep it for ever too. */
const IDLE_MS_MAX = 60_000

/** Loads Node's HTTP, and its TLS only where that is spoken. */
export async function createConnection(
  address: Address,
  options: ConnectionOptions,
): Promise<Connection> {
  const http = address.secure ? await import('node:https') : await import('node:http')
  const tls = { ca: options.ca, minVersion: 'TLSv1.2' as const }
  const agent: Agent = new http.Agent({
    keepAlive: true,
    maxSockets: SOCKETS_MAX,
    timeout: IDLE_MS_MAX,
    ...tls,
  })
  const streams: Agent = new http.Agent({ ...tls })

  /** Sends it, and calls back with the answer's head or with what went wrong; never both. */
  function start<T>(
    { method, path, headers, body, timeoutMs, signal }: Exchange,
    through: Agent,
    take: (message: IncomingMessage) => T | Promise<T>,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let connected = false
      let timer: NodeJS.Timeout | undefined
      const finish = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', cancel)
      }
      const fail = (error: unknown): void => {
        finish()
        request.destroy()
        reject(error instanceof CofferError ? error : noAnswer(error, address, connected))
      }
      const cancel = (): void => fail(cancelled())
      const within = (limitMs: number): void => {
        clearTimeout(timer)
        timer = setTimeout(() => fail(tooLate(address, limitMs, connected)), limitMs)
      }
      const given: RequestOptions = {
        host: address.host,
        port: address.port,
        method,
        path: address.base + path,
        headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
        agent: through,
      }
      let request: ClientRequest
      try {
        request = http.request(given)
      } catch (error) {
        return reject(noAnswer(error, address, false))
      }
      const connectedNow = (): void => {
        connected = true
        within(timeoutMs)
      }
      request.once('socket', (socket) => {
        socket.setKeepAlive(true, PROBE_MS)
        if (!socket.connecting) return connectedNow()
        within(Math.min(timeoutMs, CONNECT_MS_MAX))
        socket.once(address.secure ? 'secureConnect' : 'connect', connectedNow)
      })
      request.once('error', fail)
      // Node ends a connection that turns into another protocol, and says nothing to who waits.
      request.once('upgrade', (_, socket) => {
        socket.destroy()
        fail(Object.assign(new Error('Another protocol.'), { code: 'HPE_UPGRADE' }))
      })
      request.once('response', (message) => {
        Promise.resolve(message)
          .then(take)
          .then((value) => {
            finish()
            resolve(value)
          }, fail)
      })
      within(timeoutMs)
      if (signal.aborted) cancel()
      else signal.addEventListener('abort', cancel, { once: true })
      request.end(body)
    })
  }

  const whole = async (message: IncomingMessage): Promise<Answer> => {
    const status = message.statusCode ?? 0
    const encoding = message.headers['content-encoding'] ?? 'identity'
    if (encoding !== 'identity') throw notOurs(address, status, 'in an encoding nobody asked for')
    return {
      status,
      type: (message.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase(),
      retryAfterMs: secondsOf(message.headers['retry-after']),
      body: await collect(message, options.answerBytesMax),
    }
  }

  return {
    address,
    exchange: (exchange) => start(exchange, agent, whole),
    open: (exchange) => start(exchange, streams, (message) => message),
    close() {
      agent.destroy()
      streams.destroy()
    },
  }
}

/** All of a body. @throws CofferError `too_large`, and what the connection throws */
export async function collect(message: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > bytesMax) {
      throw new CofferError('too_large', `The answer has more than ${bytesMax} bytes.`)
    }
    chunks.push(chunk)
  }
  const body = Buffer.allocUnsafeSlow(total)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
    chunk.fill(0)
  }
  return body
}

const secondsOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined

export const cancelled = () => new CofferError('cancelled', 'It was cancelled.')
