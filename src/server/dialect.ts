import type { FastifyInstance } from 'fastify'
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
  register(scope: FastifyInstance, server: Server): void | Promise<void>
}
