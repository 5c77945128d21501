import { setTimeout as sleep } from 'node:timers/promises'
import { isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

export interface Repetition {
  /** To make it twice does no harm: it may be repeated when nobody knows whether it was made. */
  readonly repeatable: boolean
  readonly signal: AbortSignal
}

/**
 * One call of a host that secrets are delivered to. What was throttled, late, garbled or not available is
 * tried again, at most `restRetriesMax` times and `restWaitMsMax` of waiting, and never before the
 * host says; a call that is not `repeatable` only when it is sure that it was not made.
 */
export async function repeated<Out>(call: Repetition, attempt: () => Promise<Out>): Promise<Out> {
  for (let tried = 0, waited = 0; ; tried += 1) {
    try {
      return await attempt()
    } catch (error) {
      const waitMs = waitBefore(error, call, tried)
      if (waitMs === undefined || waited + waitMs > LIMITS.restWaitMsMax) throw error
      waited += waitMs
      // The next attempt says what the signal was aborted with.
      await sleep(waitMs, undefined, { signal: call.signal }).catch(() => undefined)
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
  // A success that nobody can read is one all the same.
  if (typeof status === 'number') return status < 300 || (status >= 500 && status !== 503)
  if (error.code === 'unavailable') return !NEVER_SENT.test(String(reason))
  return UNCERTAIN.has(error.code)
}

/** A garbled answer may be one that was cut off on its way. */
const PASSES: ReadonlySet<string> = new Set(['throttled', 'unavailable', 'timeout', 'corrupt'])
const UNCERTAIN: ReadonlySet<string> = new Set(['timeout', 'corrupt', 'too_large', 'cancelled'])
/** Node's codes of a connection that was never made. */
const NEVER_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$|CERT|SELF_SIGNED|ALTNAME|^ERR_TLS/
const FIRST_WAIT_MS = 250

/** Absent: it is not tried again. */
function waitBefore(error: unknown, call: Repetition, tried: number): number | undefined {
  if (!isCofferError(error) || tried >= LIMITS.restRetriesMax || call.signal.aborted)
    return undefined
  if (!PASSES.has(error.code) || (!call.repeatable && mayBeMade(error))) return undefined
  const { retryAfterMs } = error.details
  return typeof retryAfterMs === 'number' ? retryAfterMs : FIRST_WAIT_MS * 2 ** tried
}
