import type { FastifyInstance } from 'fastify'
import { CofferError } from '../../core/errors.ts'
import type { Observer } from '../app.ts'
import { callerOf } from '../caller.ts'
import type { Server } from '../server.ts'

/**
 * `GET /metrics` for whoever has `describe` on `store:metrics`, by a bearer token. `open`: for
 * anybody who reaches the server, also while it is sealed.
 */
export const serveMetrics =
  (
    server: Server,
    metrics: { readonly contentType: string; text(): Promise<string> },
    options: { readonly open: boolean },
  ): Observer =>
  (app: FastifyInstance) => {
    app.get('/metrics', async (request, reply) => {
      if (!options.open) {
        const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
        const { session } = await callerOf(server, request, token, 'http', 'probe')
        if (session.token === undefined) throw new CofferError('unauthenticated', 'No token.')
        const by = { actor: session.actor, grants: session.grants, token: session.token.accessor }
        const from = { via: 'http', request: request.id, address: request.ip }
        const platform = server.gate.platform()
        await platform.permit({ ...by, ...from }, 'describe', 'store:metrics', 'describe')
      }
      return reply.type(metrics.contentType).send(await metrics.text())
    })
  }

const BEARER = /^Bearer +([!-~]+)$/i
