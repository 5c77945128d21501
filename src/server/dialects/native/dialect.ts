import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Dialect } from '../../dialect.ts'
import type { DirectWay } from '../../direct.ts'
import { noSuchRoute } from '../../problem.ts'
import type { Server } from '../../server.ts'
import { directReads } from './direct.ts'
import { createLargeAnswers } from './large.ts'
import { openApiText } from './openapi.ts'
import { answerMethods, answerProblem } from './problems.ts'
import { registerParser, registerRoute } from './register.ts'
import { VIA } from './route.ts'
import { ROUTES } from './routes/registry.ts'
import { createStreams } from './streams.ts'

const PREFIX = '/api/v1'

/** The platform's own API: everything that a `Coffer` does, described by its OpenAPI document. */
export const native: Dialect = { prefix: PREFIX, via: VIA, register }

function register(scope: FastifyInstance, server: Server): DirectWay {
  const streams = createStreams()
  const shared = { streams, large: createLargeAnswers() }
  const methods = methodsByAddress()
  scope.addHook('preClose', async () => streams.close())
  scope.setErrorHandler((error, request, reply) => answerProblem(error, request, reply))
  // Before a body is looked at: what is wrong with it does not matter where nothing is.
  scope.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done()
    const allowed = methods(request)
    if (allowed.length === 0) answerProblem(noSuchRoute(), request, reply)
    else answerMethods(allowed, request, reply)
  })
  scope.setNotFoundHandler((request, reply) => answerProblem(noSuchRoute(), request, reply))
  registerParser(scope)
  for (const route of Object.values(ROUTES).flat()) registerRoute(scope, server, shared, route)
  let document: string | undefined
  scope.get('/openapi.json', async (_, reply) => {
    document ??= openApiText(server.version)
    return reply.header('content-type', 'application/json; charset=utf-8').send(document)
  })
  return directReads(server)
}

/** Which methods there are at an address: for those that there are not. */
function methodsByAddress(): (request: FastifyRequest) => readonly string[] {
  const known = Map.groupBy(Object.values(ROUTES).flat(), ({ url }) => url)
  const table = [...known].map(([url, routes]) => ({
    matches: new RegExp(`^${url.replace('*', '.*').replaceAll(/:[a-z]+/gi, '[^/]*')}$`),
    methods: routes.map(({ method }) => method),
  }))
  table.push({ matches: /^\/openapi\.json$/, methods: ['GET'] })
  return ({ raw }) => {
    const address = (raw.url ?? '').split('?', 1)[0]!.slice(PREFIX.length)
    return table.find(({ matches }) => matches.test(address))?.methods ?? []
  }
}
