import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LIMITS } from '../../../core/limits.ts'
import { callerOf } from '../../caller.ts'
import type { Caller } from '../../caller.ts'
import { parseJsonBody } from '../../json-body.ts'
import type { JsonBody } from '../../json-body.ts'
import { cofferErrorOf } from '../../problem.ts'
import type { Server } from '../../server.ts'
import { bearerOf } from './bearer.ts'
import { bodyReader, queryReader, refuseBody } from './input.ts'
import { absence } from './problems.ts'
import type { Call, Route } from './route.ts'
import { JSON_TYPE, VIA } from './route.ts'

/** Bodies are JSON and nothing else. */
export function registerParser(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_: unknown, bytes: Buffer) => (bytes.length === 0 ? undefined : parseJsonBody(bytes)),
  )
}

/** One operation as a route: who asks, then what, then the handler, then its answer as JSON. */
export function registerRoute(
  scope: FastifyInstance,
  server: Server,
  { streams, large }: Pick<Call, 'streams' | 'large'>,
  route: Route,
): void {
  const { method, url, body, answer } = route
  const readQuery = queryReader(route.query)
  const readBody = bodyReader(body, route.judgedByEngine)
  const callers = new WeakMap<FastifyRequest, Caller>()
  const understood = new WeakSet<FastifyRequest>()

  const authenticated = async (request: FastifyRequest): Promise<Caller> => {
    const token = bearerOf(request.headers.authorization)
    const caller =
      callers.get(request) ?? (await callerOf(server, request, token, VIA, route.operation))
    callers.set(request, caller)
    return caller
  }

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    if (body === undefined) refuseBody(request)
    const caller = route.anonymous === true ? undefined : await authenticated(request)
    const { document, text = '' } = (request.body ?? {}) as Partial<JsonBody>
    const params = request.params as Record<string, string>
    const call = {
      server,
      streams,
      large,
      request,
      reply,
      session: caller?.session,
      coffer: caller?.coffer,
      path: params['*'] ?? '',
      params,
      query: readQuery(request.raw.url ?? ''),
      body: readBody(document),
      text,
    }
    understood.add(request)
    if (route.long === true) reply.raw.setTimeout(LIMITS.longRequestTimeoutMs)
    const result = await route.handle(call as Call<never, never>)
    if (answer === 'nothing') return reply.code(204).send()
    if (!('json' in answer)) return reply
    if (result === undefined) throw absence('thing')
    const json = typeof result === 'string' ? result : JSON.stringify(result)
    if (caller !== undefined) large.send(caller.session.actor, json, reply.raw)
    void reply.header('content-type', JSON_TYPE)
    return json
  }

  scope.route({
    method,
    url,
    handler: handle,
    config: { probe: route.operation === 'probe' },
    // Nobody's body is read before it is known who sends it; a stranger's is short.
    ...(body === undefined || route.anonymous === true
      ? { bodyLimit: LIMITS.openRequestBodyBytesMax }
      : {
          onRequest: async (request) => void (await authenticated(request)),
        }),
    // What makes no sense never reaches what audits the rest of a caller's requests.
    onError: async (request, _reply, error) => {
      if (!callers.has(request) || understood.has(request)) return
      server.guard.refused(request.ip, VIA, cofferErrorOf(error).code)
    },
  })
}
