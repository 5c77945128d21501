import type { Socket } from 'node:net'
import fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { DIALECTS } from './dialects/registry.ts'
import { createDirect } from './direct.ts'
import type { DirectWay } from './direct.ts'
import { headOf } from './head.ts'
import { createReadiness, registerHealth } from './health.ts'
import { CONNECTION_LIMITS, httpServerFactory } from './http-server.ts'
import { createMalformed, NO_TUNNEL } from './malformed.ts'
import { noteError, watching } from './observe.ts'
import type { Asking, RequestWatcher } from './observe.ts'
import { cofferErrorOf, noSuchRoute, PROBLEM_TYPE, problemOf } from './problem.ts'
import { createRequestIds } from './request-ids.ts'
import type { DialectName, Server } from './server.ts'

/** How an app is listened on, and what watches it. */
export interface AppParts extends Pick<FastifyServerOptions, 'serverFactory'> {
  /** Told of every request: logs and metrics. */
  readonly watchers?: readonly RequestWatcher[]
  /** What there is besides the dialects. Given the app before anything else is registered. */
  readonly observers?: readonly Observer[]
}

export type Observer = (app: FastifyInstance) => void | Promise<void>

/** Every request is turned into calls of a `Coffer` here; listening is somebody else's business. */
export async function createApp(
  server: Server,
  { watchers = [], observers = [], serverFactory = PLAIN }: AppParts = {},
): Promise<FastifyInstance> {
  const { trustedProxies, dialects } = server.options
  const malformed = createMalformed(server, () => app)
  const nextId = createRequestIds(server.random)
  const readiness = createReadiness(server.gate)
  const watch = watching([...watchers, readiness])
  const together = gathering(() => server.gate.shareLook())
  const admit = (request: Asking, done: (error?: Error) => void): void => {
    const { probe } = request.routeOptions.config
    try {
      const waiting = probe === true ? undefined : server.guard.admitAddress(request.ip)
      if (waiting === undefined) together(done)
      else waiting.then(() => done(), done)
    } catch (error) {
      done(error as Error)
    }
  }
  let closing = false
  const ways: DirectWay[] = []
  const direct = createDirect({
    ways,
    nextId,
    closing: () => closing,
    watch,
    admit,
    headers: Object.entries(ON_EVERY_ANSWER).flat(),
  })
  const options: FastifyServerOptions = {
    serverFactory: (handler, given) =>
      serverFactory((raw, answer) => void (direct(raw, answer) || handler(raw, answer)), given),
    logger: false,
    bodyLimit: LIMITS.requestBodyBytesMax,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    genReqId: nextId,
    exposeHeadRoutes: false,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
    requestTimeout: LIMITS.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    clientErrorHandler: malformed,
    frameworkErrors: (error, request, reply) => {
      const below = dialects
        .map((name) => DIALECTS[name])
        .find(({ prefix }) => prefix !== '' && request.raw.url?.startsWith(`${prefix}/`))
      // No hook sees these.
      server.guard.refused(request.ip, 'malformed', 'invalid_argument')
      void (below?.refuse ?? answerProblem)(error, request, reply)
    },
    routerOptions: { maxParamLength: PARAM_CHARS_MAX, ignoreTrailingSlash: false },
  }
  const app: FastifyInstance = fastify(options)
  app.server.on('connect', (_, socket) => malformed(NO_TUNNEL, socket as Socket))
  for (const observe of observers) await observe(app)
  app.addHook('preClose', async () => void (closing = true))
  app.addHook('onError', (request, _reply, error, done) => {
    noteError(request, error)
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    watch(request, reply.raw)
    void reply.headers(ON_EVERY_ANSWER)
    if (headOf(request.raw).sound) return admit(request, done)
    void reply.header('connection', 'close')
    done(malformedRequest())
  })
  app.setNotFoundHandler((request, reply) => answerProblem(noSuchRoute(), request, reply))
  app.setErrorHandler(answerProblem)
  registerHealth(app, readiness)
  for (const name of dialects) {
    const dialect = DIALECTS[name]
    await app.register(
      async (scope) => {
        scope.addHook('onRoute', (route) => {
          route.bodyLimit ??= BODY_BYTES_MAX[name]
          route.config = { ...route.config, via: dialect.via }
        })
        const way = await dialect.register(scope, server)
        // Who asks through a proxy is for Fastify to find out.
        if (way !== undefined && trustedProxies.length === 0) ways.push(way)
      },
      { prefix: dialect.prefix },
    )
  }
  return app
}

/**
 * Requests that arrive in one turn of the event loop go on together when all of them were parsed: what
 * is done for each is done for all, one step after the other, while its code is in the processor's caches.
 * `before` is called when they are about to.
 */
function gathering(before: () => void): (done: () => void) => void {
  let waiting: (() => void)[] = []
  const goOn = () => {
    const all = waiting
    waiting = []
    before()
    for (const done of all) done()
  }
  return (done) => {
    if (waiting.push(done) === 1) setImmediate(goOn)
  }
}

const PLAIN = httpServerFactory(CONNECTION_LIMITS, undefined)
const KEEP_ALIVE_TIMEOUT_MS = 72_000
const PARAM_CHARS_MAX = 4_096

const BODY_BYTES_MAX: Readonly<Record<DialectName, number>> = {
  native: LIMITS.requestBodyBytesMax,
  vault: LIMITS.requestBodyBytesMax,
  aws: LIMITS.awsRequestBodyBytesMax,
}

const malformedRequest = () => new CofferError('invalid_argument', 'The request is malformed.')

function answerProblem(given: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = cofferErrorOf(given)
  const { retryAfterSeconds } = error.details
  if (typeof retryAfterSeconds === 'number') void reply.header('retry-after', retryAfterSeconds)
  return reply.code(error.status).type(PROBLEM_TYPE).send(problemOf(error, request.id))
}

/** Nothing that is answered here is for a cache, or for a browser to guess at. */
const ON_EVERY_ANSWER = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
