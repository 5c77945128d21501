import type { FastifyReply, FastifyRequest } from 'fastify'
import type { JsonObject } from '../../../../core/value.ts'
import type { Server } from '../../../server.ts'
import { refuse } from '../errors.ts'
import type { VaultHandler } from '../route.ts'
import { clusterOf, shownVersion } from './status.ts'

type Query = Readonly<Record<string, unknown>>

/** `GET sys/health`: the state as a status code, which the query may choose. */
export const health: VaultHandler = ({ server, query }) => ({
  raw: healthBody(server),
  status: healthCode(server, query),
})

/** The same without a body. */
export function answerHead(
  server: Server,
  { query }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  return reply
    .code(healthCode(server, query as Query))
    .header('content-type', 'application/json')
    .send()
}

/** @throws VaultRefusal 400 */
function healthCode(server: Server, query: Query): number {
  const { initialized, sealed } = server.gate.status()
  const codes = {
    active: codeOf(query, 'activecode', 200),
    sealed: codeOf(query, 'sealedcode', 503),
    uninitialized: codeOf(query, 'uninitcode', 501),
  }
  return !initialized ? codes.uninitialized : sealed ? codes.sealed : codes.active
}

function codeOf(query: Query, name: string, otherwise: number): number {
  const given = query[name]
  if (given === undefined) return otherwise
  const code = typeof given === 'string' && /^\d{3}$/.test(given) ? Number(given) : 0
  if (code >= 200 && code < 600) return code
  throw refuse(400)
}

function healthBody(server: Server): JsonObject {
  const status = server.gate.status()
  return {
    initialized: status.initialized,
    sealed: status.sealed,
    standby: false,
    performance_standby: false,
    replication_performance_mode: 'disabled',
    replication_dr_mode: 'disabled',
    server_time_utc: Math.floor(server.clock() / 1_000),
    version: shownVersion(server),
    enterprise: false,
    ...clusterOf(status),
    echo_duration_ms: 0,
    clock_skew_ms: 0,
    replication_primary_canary_age_ms: 0,
  }
}
