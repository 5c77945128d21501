import type { IncomingMessage } from 'node:http'
import fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { DIALECTS } from './dialects/registry.ts'
import { registerHealth } from './health.ts'
import { createMalformed } from './malformed.ts'
import { cofferErrorOf, noSuchRoute, PROBLEM_TYPE, problemOf } from './problem.ts'
import { createRequestIds } from './request-ids.ts'
import type { DialectName, Server } from './server.ts'

/** How an app is listened on, and what watches it. */
export interface AppParts extends Pick<FastifyServerOptions, 'serverFactory'> {
  /** Hooks over all dialects: logs and metrics. Given the app before anything else is registered. */
  readonly observers?: readonly Observer[]
}

export type Observer = (app: FastifyInstance) => void | Promise<void>

/** Every request is turned into calls of a `Coffer` here; listening is somebody else's business. */
export async function createApp(
  server: Server,
  { observers = [], serverFactory }: AppParts = {},
): Promise<FastifyInstance> {
  const { trustedProxies, dialects } = server.options
  const malformed = createMalformed(server, () => app)
  const options: FastifyServerOptions = {
    ...(serverFactory === undefined ? {} : { serverFactory }),
    logger: false,
    bodyLimit: LIMITS.requestBodyBytesMax,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    genReqId: createRequestIds(server.random),
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
  for (const observe of observers) await observe(app)
  const together = gathering(() => server.gate.shareLook())
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(ON_EVERY_ANSWER)
    if (!soundRequest(request.raw)) {
      void reply.header('connection', 'close')
      return done(malformedRequest())
    }
    const waiting =
      request.routeOptions.config.probe === true ? undefined : server.guard.admitAddress(request.ip)
    if (waiting === undefined) return together(done)
    waiting.then(() => done(), done)
  })
  app.setNotFoundHandler((request, reply) => answerProblem(noSuchRoute(), request, reply))
  app.setErrorHandler(answerProblem)
  registerHealth(app, server)
  for (const name of dialects) {
    const dialect = DIALECTS[name]
    await app.register(
      async (scope) => {
        scope.addHook('onRoute', (route) => {
          route.bodyLimit ??= BODY_BYTES_MAX[name]
          route.config = { ...route.config, via: dialect.via }
        })
        await dialect.register(scope, server)
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

const KEEP_ALIVE_TIMEOUT_MS = 72_000
const PARAM_CHARS_MAX = 4_096

const BODY_BYTES_MAX: Readonly<Record<DialectName, number>> = {
  native: LIMITS.requestBodyBytesMax,
  vault: LIMITS.requestBodyBytesMax,
  aws: LIMITS.awsRequestBodyBytesMax,
}

/**
 * RFC 9112, 3.2: of two hosts another reader may take the other, and so of two credentials. Nor is a
 * request of HTTP/0.9 one.
 */
function soundRequest({ rawHeaders, httpVersionMajor }: IncomingMessage): boolean {
  let hosts = 0
  let credentials = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name?.length === 13 && name.toLowerCase() === 'authorization') credentials++
  }
  return hosts <= 1 && credentials <= 1 && httpVersionMajor === 1
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

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Health and the like: answered whatever the limits of the address say. */
    readonly probe?: boolean
    /** The dialect's way in, for watchers of requests that need no credential. */
    readonly via?: string
  }
}
