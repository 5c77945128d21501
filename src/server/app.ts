import fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { CofferError } from '../core/errors.ts'
import { DIALECTS } from './dialects/registry.ts'
import type { Server } from './server.ts'

/** Every request is turned into calls of a `Coffer` here; listening is somebody else's business. */
export async function createApp(
  server: Server,
  listener: Pick<FastifyServerOptions, 'serverFactory'> = {},
): Promise<FastifyInstance> {
  const { trustedProxies, dialects } = server.options
  const app = fastify({
    ...listener,
    logger: false,
    disableRequestLogging: true,
    bodyLimit: BODY_BYTES_MAX,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    genReqId: () => Buffer.from(server.random(9)).toString('base64url'),
    exposeHeadRoutes: false,
    return503OnClosing: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    routerOptions: { maxParamLength: PARAM_CHARS_MAX, ignoreTrailingSlash: false },
  })
  app.addHook('onRequest', async (request) => {
    await server.guard.admitAddress(request.ip)
  })
  for (const name of dialects) {
    const dialect = DIALECTS[name]
    await app.register(async (scope) => dialect.register(scope, server), {
      prefix: dialect.prefix,
    })
  }
  return app
}

const BODY_BYTES_MAX = 8_388_608
const REQUEST_TIMEOUT_MS = 30_000
const KEEP_ALIVE_TIMEOUT_MS = 72_000
const PARAM_CHARS_MAX = 4_096

/** What a dialect that is switched off, or a path that nobody has, is told. */
export const noSuchRoute = () => new CofferError('not_found', 'There is nothing at this address.')
