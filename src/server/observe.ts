import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isCofferError } from '../core/errors.ts'
import type { Observer } from './app.ts'
import type { Operation } from './server.ts'

/** What may be known of a request outside of it: nothing else ever gets to a log or a metric. */
export interface RequestFacts {
  /** The way in: `http`, `vault`; `none` when no dialect took it. */
  readonly via: string
  readonly operation: Operation | 'none'
  readonly status: number
  readonly ms: number
  /** The request's id, which answers and audit events name too. */
  readonly request: string
  readonly address: string
  /** Absent when nobody was recognised. */
  readonly actor?: string | undefined
  /** The error's, when it failed. */
  readonly code?: string | undefined
}

/** Is told of every request when it begins and, once, when it is answered or given up. */
export interface RequestWatcher {
  began(): void
  ended(facts: RequestFacts): void
}

/** Who came by which way in to do what; a dialect says so when it knows. */
export function noteCaller(
  request: FastifyRequest,
  via: string,
  operation: Operation,
  actor?: string,
): void {
  const seen = (request.seen ??= freshSeen())
  seen.via = via
  seen.operation = operation
  seen.actor = actor
}

/** A request's facts, told to each watcher. */
export const observing =
  (watchers: readonly RequestWatcher[]): Observer =>
  (app: FastifyInstance) => {
    const end = (request: FastifyRequest, status: number, ms: number) => {
      const { seen } = request
      if (seen === undefined || seen.ended) return
      seen.ended = true
      const { actor, code } = seen
      const { via, operation } = seen.via === 'none' ? ofRoute(request) : seen
      const { id, ip: address } = request
      const facts = { via, operation, status, ms, request: id, address, actor, code }
      for (const watcher of watchers) watcher.ended(facts)
    }
    app.addHook('onRequest', (request, _reply, done) => {
      request.seen = freshSeen()
      for (const watcher of watchers) watcher.began()
      done()
    })
    app.addHook('onError', (request, _reply, error, done) => {
      const seen = (request.seen ??= freshSeen())
      seen.code = isCofferError(error) ? error.code : 'internal'
      done()
    })
    app.addHook('onResponse', (request, reply, done) => {
      end(request, reply.statusCode, reply.elapsedTime)
      done()
    })
    app.addHook('onRequestAbort', (request, done) => {
      end(request, CLIENT_GONE, 0)
      done()
    })
  }

/** Of a request that needed no credential, so that nobody noted who came. */
function ofRoute({ routeOptions }: FastifyRequest): Pick<RequestFacts, 'via' | 'operation'> {
  const { via = 'none', probe = false } = routeOptions.config
  return { via, operation: probe ? 'probe' : 'none' }
}

/** As others log a client that went away before its answer. */
const CLIENT_GONE = 499

interface Seen {
  via: string
  operation: Operation | 'none'
  actor: string | undefined
  code: string | undefined
  ended: boolean
}

const freshSeen = (): Seen => ({
  via: 'none',
  operation: 'none',
  actor: undefined,
  code: undefined,
  ended: false,
})

declare module 'fastify' {
  interface FastifyRequest {
    /** For watchers; see `noteCaller`. */
    seen?: Seen
  }
}
