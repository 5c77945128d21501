import type { ServerResponse } from 'node:http'
import { cofferErrorOf } from './problem.ts'
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

/** A request, as far as all ways of answering one know it; Fastify's are such. */
export interface Asking {
  readonly id: string
  readonly ip: string
  readonly protocol: 'http' | 'https'
  /** What is known of the address that was asked. */
  readonly routeOptions: { readonly config: RouteFacts }
  /** For watchers; see `noteCaller`. */
  seen?: Seen | undefined
}

export interface RouteFacts {
  /** Health and the like: answered whatever the limits of the address say. */
  readonly probe?: boolean
  /** The dialect's way in, for watchers of requests that need no credential. */
  readonly via?: string
}

/** Who came by which way in to do what; a dialect says so when it knows. */
export function noteCaller(
  request: Asking,
  via: string,
  operation: Operation,
  actor?: string,
): void {
  const seen = (request.seen ??= freshSeen())
  seen.via = via
  seen.operation = operation
  seen.actor = actor
}

/** Why it failed, as the answer has it. */
export function noteError(request: Asking, error: unknown): void {
  const seen = (request.seen ??= freshSeen())
  seen.code = cofferErrorOf(error).code
}

/** From a request's arrival to the end of its answer, with its facts told to each watcher. */
export const watching =
  (watchers: readonly RequestWatcher[]) =>
  (request: Asking, answer: ServerResponse): void => {
    const startedAt = performance.now()
    request.seen = freshSeen()
    for (const watcher of watchers) watcher.began()
    // It comes once, also when the client went away; Fastify's own hooks take three listeners. `once`
    // would only make one more function for each request.
    answer.on('close', () => {
      const ms = performance.now() - startedAt
      const facts = factsOf(request, answer.writableEnded ? answer.statusCode : CLIENT_GONE, ms)
      for (const watcher of watchers) watcher.ended(facts)
    })
  }

function factsOf(request: Asking, status: number, ms: number): RequestFacts {
  const seen = (request.seen ??= freshSeen())
  const { actor, code } = seen
  const { via, operation } = seen.via === 'none' ? ofRoute(request) : seen
  const { id, ip: address } = request
  return { via, operation, status, ms, request: id, address, actor, code }
}

/** Of a request that needed no credential, so that nobody noted who came. */
function ofRoute({ routeOptions }: Asking): Pick<RequestFacts, 'via' | 'operation'> {
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
}

const freshSeen = (): Seen => ({
  via: 'none',
  operation: 'none',
  actor: undefined,
  code: undefined,
})

declare module 'fastify' {
  interface FastifyRequest {
    seen?: Seen | undefined
  }
  interface FastifyContextConfig extends RouteFacts {}
}
