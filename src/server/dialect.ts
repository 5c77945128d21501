import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { DirectWay } from './direct.ts'
import type { Server } from './server.ts'

/**
 * A translator and nothing more: requests of one protocol into calls of a `Coffer`, and its answers
 * and errors back. It is registered in a Fastify scope of its own, under its prefix: its parsers,
 * hooks, error handler and not-found handler are seen by no other dialect.
 */
export interface Dialect {
  /** `/api/v1`; empty for the root. */
  readonly prefix: string
  /** How its requests are called in audit events. */
  readonly via: string
  /** Says in its own words why a request below its prefix came to no route: a URL that is none. */
  readonly refuse?: (error: unknown, request: FastifyRequest, reply: FastifyReply) => unknown
  /** It may say how what is asked most is answered without Fastify's router. */
  register(
    scope: FastifyInstance,
    server: Server,
  ): DirectWay | undefined | Promise<DirectWay | undefined>
}
