import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LIMITS } from '../../../core/limits.ts'
import type { Dialect } from '../../dialect.ts'
import type { Server } from '../../server.ts'
import { VIA, createDispatch, send } from './dispatch.ts'
import { refusalText } from './envelope.ts'
import { refusalOf, refuse } from './errors.ts'
import { createMounts } from './mounts/table.ts'
import { isLongBody } from '../../long-body.ts'
import { createEarlyCallers } from './early-callers.ts'
import { pathOf } from './request.ts'
import { answerHead } from './sys/health.ts'

/** HashiCorp Vault's HTTP API, as OpenBao has it too. */
export const vault: Dialect = {
  prefix: '/v1',
  via: VIA,
  refuse: answerRefusal,
  register(scope, server) {
    const early = createEarlyCallers(server, VIA)
    const dispatch = createDispatch(server, createMounts(server), early)
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body)
    })
    scope.addHook('onRequest', (request, _reply, done) => {
      tolerateType(request)
      if (!isLongBody(request)) return done()
      early.admit(request).then(() => done(), done)
    })
    scope.setErrorHandler(answerRefusal)
    scope.setNotFoundHandler((request, reply) =>
      answerRefusal(refuse(METHODS.includes(request.method) ? 404 : 405), request, reply),
    )
    for (const url of PROBES) probe(scope, url, dispatch, server)
    scope.route({
      method: METHODS,
      url: '/auth/*',
      bodyLimit: LIMITS.openRequestBodyBytesMax,
      handler: (request, reply) => {
        request.params = { '*': `auth/${pathOf(request)}` }
        return dispatch(request, reply)
      },
    })
    scope.route({ method: METHODS, url: '/*', handler: dispatch })
    return undefined
  },
}

/** What is no content type at all is no reason to refuse a body that is read as JSON anyhow. */
function tolerateType({ headers }: FastifyRequest): void {
  const given = headers['content-type']
  if (given !== undefined && !MEDIA_TYPE.test(given)) headers['content-type'] = 'text/plain'
}

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+/

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Answered whatever the limits of the address say: what watches a server, and what opens it. */
const PROBES = ['sys/health', 'sys/seal-status', 'sys/leader', 'sys/init', 'sys/unseal']

function probe(
  scope: FastifyInstance,
  path: string,
  dispatch: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>,
  server: Server,
): void {
  const config = { probe: true }
  scope.route({
    method: METHODS,
    url: `/${path}`,
    config,
    bodyLimit: LIMITS.openRequestBodyBytesMax,
    handler: (request, reply) => {
      request.params = { '*': path }
      return dispatch(request, reply)
    },
  })
  if (path !== 'sys/health') return
  scope.route({
    method: 'HEAD',
    url: `/${path}`,
    config,
    handler: (request, reply) => answerHead(server, request, reply),
  })
}

function answerRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = refusalOf(error, pathOf(request))
  if (refusal.retryAfterSeconds !== undefined) {
    void reply.header('retry-after', refusal.retryAfterSeconds)
  }
  return send(reply, { status: refusal.httpStatus, text: refusalText(refusal.errors) })
}
