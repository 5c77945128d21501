import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { exchange } from './exchange.ts'
import type { Answer } from './exchange.ts'
import { repeated } from './repeated.ts'
import type { Repetition } from './repeated.ts'
import { refusalOf } from './rest-refusal.ts'
import type { RestMeaning, RestPeer } from './rest-refusal.ts'

/** A host with a JSON API that takes a token. */
export interface RestService extends RestPeer {
  /** What every path comes after: an origin, or more; no slash at its end. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  /**
   * The token, for calls that need one. Asked with each call and not before: what is known without
   * it is told without it. @throws CofferError `unauthenticated`
   */
  token?(): string
  /**
   * What an answer that is no success means here, where it is not what it means everywhere. Absent:
   * the common table decides.
   */
  meaning?(status: number, document: unknown): RestMeaning | undefined
}

export interface RestCall extends Repetition {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Encoded, beginning with a slash. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
  /** For messages, after `does not allow`: `to list the secrets of acme/shop`. */
  readonly what: string
}

export interface RestAnswer {
  readonly status: number
  /** Absent without a body. */
  readonly document: unknown
  /** The host's clock when it answered, to the second; milliseconds since 1970. Absent: it did not say. */
  readonly at?: number | undefined
}

/** @throws CofferError as the refusal says, `corrupt` for an answer that is no JSON */
export type Rest = (call: RestCall) => Promise<RestAnswer>

/**
 * Calls of one service, each attempt with `restTimeoutMs`, repeated as `repeated` says. Redirections
 * are not followed: the token is for one host. Made for destinations: a provider's calls are repeated by
 * its guard, and would be by both.
 */
export function createRest(service: RestService): Rest {
  return (call) => repeated(call, () => attempt(service, call))
}

async function attempt(service: RestService, call: RestCall): Promise<RestAnswer> {
  const token = service.token?.()
  const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
  const content: Record<string, string> =
    body === undefined ? {} : { 'content-type': 'application/json' }
  let answer: Answer
  try {
    answer = await exchange({
      method: call.method,
      url: service.base + call.path + queryOf(call.query),
      headers: {
        accept: 'application/json',
        'user-agent': 'coffer',
        ...service.headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...content,
      },
      body,
      timeoutMs: LIMITS.restTimeoutMs,
      answerBytesMax: LIMITS.restAnswerBytesMax,
      signal: call.signal,
      trust: 'Name the authority of a proxy that opens TLS in NODE_EXTRA_CA_CERTS.',
    })
  } finally {
    body?.fill(0)
  }
  const { status } = answer
  const document = documentOf(answer)
  if (status < 200 || status > 299) {
    const meaning = document === NO_JSON ? undefined : service.meaning?.(status, document)
    throw refusalOf(service, call.what, answer, meaning)
  }
  if (document === NO_JSON) {
    throw new CofferError('corrupt', `${service.name} answered with something that is no JSON.`, {
      remedy: 'Try again. If it stays so, a proxy that answers itself may stand between.',
    })
  }
  const at = Date.parse(answer.headers.date ?? '')
  return { status, document, at: Number.isNaN(at) ? undefined : at }
}

const NO_JSON = Symbol('no JSON')

function documentOf({ body }: Answer): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return NO_JSON
  } finally {
    body.fill(0)
  }
}

function queryOf(query: RestCall['query']): string {
  const given = Object.entries(query ?? {}).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined
  })
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
