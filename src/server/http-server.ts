import { createServer } from 'node:http'
import type { RequestListener, Server as HttpServer, ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { FastifyServerOptions } from 'fastify'
import { LIMITS } from '../core/limits.ts'
import { answerPlainHttp } from './plain-http.ts'
import type { KeyPair } from './tls/key-pair.ts'
import type { TlsSource } from './tls/source.ts'

/** How long a client may take, and how many there may be. Defaults are the platform's limits. */
export interface ConnectionLimits {
  readonly headTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly handshakeTimeoutMs: number
  readonly connectionsMax: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  headTimeoutMs: LIMITS.requestHeadTimeoutMs,
  requestTimeoutMs: LIMITS.requestTimeoutMs,
  idleTimeoutMs: LIMITS.connectionIdleTimeoutMs,
  handshakeTimeoutMs: LIMITS.tlsHandshakeTimeoutMs,
  connectionsMax: LIMITS.connectionsMax,
}

/** Longer than the usual minute of load balancers: the one in front closes first. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000

/** For Fastify: an HTTP server whose clients are held to the limits; over TLS when there is one. */
export function httpServerFactory(
  limits: ConnectionLimits,
  tls: TlsSource | undefined,
): NonNullable<FastifyServerOptions['serverFactory']> {
  const options: ServerOptions = {
    maxHeaderSize: LIMITS.requestHeadBytesMax,
    headersTimeout: limits.headTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: Math.max(50, Math.min(1_000, limits.headTimeoutMs / 4)),
    noDelay: true,
    // Node would answer a missing one by itself: without a problem, and counted nowhere.
    requireHostHeader: false,
  }
  return (given) => {
    const handler = boundedAhead(given)
    const server =
      tls === undefined
        ? createServer(options, handler)
        : secured(tls, (pair) =>
            createTlsServer(
              { ...options, ...pair, ...PROTOCOL, handshakeTimeout: limits.handshakeTimeoutMs },
              handler,
            ),
          )
    server.maxHeadersCount = LIMITS.requestHeadersMax
    server.maxConnections = limits.connectionsMax
    server.timeout = limits.idleTimeoutMs
    // Nobody has to meet another expectation than 100-continue, and Node's 417 would be told nobody.
    server.on('checkExpectation', handler)
    return server
  }
}

/**
 * Node begins every request of a packet at once, and keeps each answer until those before it were
 * sent: to a client that does not read, thousands of them. Beyond `requestsAheadMax` it is dropped.
 */
function boundedAhead(handler: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>()
  return (raw, answer) => {
    const { socket } = raw
    // Whose turn it is has the connection already: nearly all, since hardly a client sends ahead.
    if (answer.socket === null) {
      const ahead = (waiting.get(socket) ?? 0) + 1
      if (ahead > LIMITS.requestsAheadMax) return void socket.destroy()
      waiting.set(socket, ahead)
      answer.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
    }
    handler(raw, answer)
  }
}

const PROTOCOL = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const

/** New connections are secured with the source's newest pair; open ones are left alone. */
function secured<S extends HttpServer & { setSecureContext(options: object): void }>(
  tls: TlsSource,
  create: (pair: KeyPair) => S,
): S {
  const server = create(tls.current())
  answerPlainHttp(server)
  const stop = tls.subscribe((pair) => server.setSecureContext({ ...pair, ...PROTOCOL }))
  server.once('close', stop)
  return server
}
