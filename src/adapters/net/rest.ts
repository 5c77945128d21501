import { setTimeout as sleep } from 'node:timers/promises'
import { CofferError, isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { exchange } from './exchange.ts'
import type { Answer } from './exchange.ts'
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

export interface RestCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Encoded, beginning with a slash. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
  /** To make it twice does no harm: it may be repeated when nobody knows whether it was made. */
  readonly repeatable: boolean
  /** For messages, after `does not allow`: `to list the secrets of acme/shop`. */
  readonly what: string
  readonly signal: AbortSignal
}

export interface RestAnswer {
  readonly status: number
  /** Absent without a body. */
  readonly document: unknown
}

/** @throws CofferError as the refusal says, `corrupt` for an answer that is no JSON */
export type Rest = (call: RestCall) => Promise<RestAnswer>

/**
 * Calls of one service, each with `restTimeoutMs`. What was throttled or not available is tried
 * again, at most `restRetriesMax` times and `restWaitMsMax` of waiting, and never before the service
 * says; a call that is not `repeatable` only when it is sure that it was not made. Redirections are
 * not followed: the token is for one host.
 */
export function createRest(service: RestService): Rest {
  return async (call) => {
    for (let tried = 0, waited = 0; ; tried += 1) {
      try {
        return await attempt(service, call)
      } catch (error) {
        const waitMs = waitBefore(error, call, tried)
        if (waitMs === undefined || waited + waitMs > LIMITS.restWaitMsMax) throw error
        waited += waitMs
        // The next attempt says what the signal was aborted with.
        await sleep(waitMs, undefined, { signal: call.signal }).catch(() => undefined)
      }
    }
  }
}

/**
 * Whether a change that failed so may have been made all the same: an answer did not come, or says
 * nothing. What the service refused, it did not do.
 */
export function mayBeMade(error: unknown): boolean {
  if (!isCofferError(error)) return true
  const { status, reason } = error.details
  if (typeof status === 'number') return status >= 500 && status !== 503
  if (error.code === 'unavailable') return !NEVER_SENT.test(String(reason))
  return UNCERTAIN.has(error.code)
}

const UNCERTAIN: ReadonlySet<string> = new Set(['timeout', 'corrupt', 'too_large', 'cancelled'])
/** Node's codes of a connection that was never made. */
const NEVER_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$|CERT|SELF_SIGNED|ALTNAME|^ERR_TLS/
const FIRST_WAIT_MS = 250

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
    throw new CofferError('corrupt', `${service.name} answered with something that is no JSON.`)
  }
  return { status, document }
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

/** Absent: it is not tried again. */
function waitBefore(error: unknown, call: RestCall, tried: number): number | undefined {
  if (!isCofferError(error) || tried >= LIMITS.restRetriesMax || call.signal.aborted)
    return undefined
  const passes = ['throttled', 'unavailable', 'timeout'].includes(error.code)
  if (!passes || (!call.repeatable && mayBeMade(error))) return undefined
  const { retryAfterMs } = error.details
  return typeof retryAfterMs === 'number' ? retryAfterMs : FIRST_WAIT_MS * 2 ** tried
}

function queryOf(query: RestCall['query']): string {
  const given = Object.entries(query ?? {}).filter((entry): entry is [string, string] => {
    return entry[1] !== undefined
  })
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
