import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { ErrorCode } from '../../../core/errors.ts'
import type { Coffer } from '../../../core/ports/coffer.ts'
import type { Session } from '../../../core/ports/identities.ts'
import type { Operator } from '../../../core/ports/platform.ts'
import type { Operation, Server } from '../../server.ts'
import type { LargeAnswers } from './large.ts'
import type { Streams } from './streams.ts'

/**
 * One operation of the native API. Fastify's routes and the OpenAPI document are both made from a
 * table of these: what is not in it is neither answered nor documented.
 */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`; `:name` is one segment, a final `*` is the rest: a path. */
  readonly url: string
  readonly operation: Operation
  readonly operationId: string
  readonly summary: string
  /** What it says of a request besides its one line. */
  readonly description?: string | undefined
  /** Answered without a credential. */
  readonly anonymous?: boolean | undefined
  readonly query?: z.ZodObject | undefined
  readonly body?: z.ZodType | undefined
  /** An example of the body. */
  readonly example?: object | undefined
  /** The engine judges the body, so that its refusals are the same everywhere. */
  readonly judgedByEngine?: boolean | undefined
  /** Work that takes as long as it takes: nobody is dropped for saying nothing meanwhile. */
  readonly long?: boolean | undefined
  /** Request headers that mean something here. */
  readonly headers?: readonly HeaderName[] | undefined
  readonly answer: Answer
  /** What it may be refused with, besides what anything may be. */
  readonly errors: readonly ErrorCode[]
  handle(call: Call<never, never>): Promise<unknown>
}

/** Headers of requests, with what the document says of them. */
export const HEADERS = {
  'idempotency-key': 'The same key with the same value answers with the first receipt again.',
  'last-event-id': 'The cursor of the last event that arrived: the stream goes on behind it.',
} as const
export type HeaderName = keyof typeof HEADERS

/**
 * A JSON document (a handler may give it as text that is JSON already), nothing (204), or bytes of
 * another type, which the handler sends itself.
 */
export type Answer =
  { readonly json: z.ZodType } | 'nothing' | { readonly type: string; readonly says: string }

/** One request, authenticated and checked. */
export interface Call<Query = unknown, Body = unknown> {
  readonly server: Server
  readonly streams: Streams
  readonly large: LargeAnswers
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly session: Session
  readonly coffer: Coffer
  /** What stands for the `*` of the URL, decoded. */
  readonly path: string
  /** What stands for the `:names` of the URL, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly body: Body
  /** The body as it came; empty where there is none. */
  readonly text: string
}

/** A request without a credential. */
export type OpenCall<Query = unknown, Body = unknown> = Omit<
  Call<Query, Body>,
  'session' | 'coffer'
>

type Described<Q, B> = Omit<Route, 'query' | 'body' | 'handle' | 'anonymous'> & {
  readonly query?: z.ZodObject & z.ZodType<Q>
  readonly body?: z.ZodType<B>
}

/** An operation for callers who say who they are. */
export const route = <Q = object, B = undefined>(
  given: Described<Q, B> & { handle(call: Call<Q, B>): Promise<unknown> },
): Route => given

/** An operation for anybody. */
export const openRoute = <Q = object, B = undefined>(
  given: Described<Q, B> & { handle(call: OpenCall<Q, B>): Promise<unknown> },
): Route => ({ ...given, anonymous: true })

/** Of what is answered. */
export const JSON_TYPE = 'application/json; charset=utf-8'

/** How this dialect's requests are called in audit events. */
export const VIA = 'http'

/** The caller as the platform's own operations want it. */
export const operatorOf = ({ session, request }: Pick<Call, 'session' | 'request'>): Operator => ({
  actor: session.actor,
  via: VIA,
  request: request.id,
  address: request.ip,
  grants: session.grants,
  token: session.token?.accessor,
})
