import type { ErrorCode } from '../../../core/errors.ts'

/**
 * Whether a place may be asked: a value that processes on one machine share through a file, so that
 * what one was told holds for the next start of it.
 *
 * - `closed`: it answered at `at`. Once that is older than `FRESH_MS`, one process asks first.
 * - `asking`: one process asks first; others wait for what it hears, at most to `until`.
 * - `open`: nobody asks before `until`; then one does, and `until` is already put off again.
 */
export interface BreakerState {
  readonly phase: 'closed' | 'asking' | 'open'
  readonly at: number
  readonly until: number
  /** How often in a row it was found failing. */
  readonly failures: number
  /** Of `open`. */
  readonly code?: BreakerCode | undefined
  /** What was answered, where `code` is only how long to wait for it. */
  readonly as?: ErrorCode | undefined
}

export type BreakerCode = 'unauthenticated' | 'denied' | 'throttled' | 'unavailable' | 'timeout'

export type Verdict =
  | { readonly kind: 'go' }
  /** Go, and be the one that asks first: `next` is to be written before. */
  | { readonly kind: 'probe'; readonly next: BreakerState }
  | { readonly kind: 'wait' }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly until: number }

/** After a good answer, everybody may ask for so long. */
export const FRESH_MS = 60_000
/** Who waits for the first to be answered waits no longer. */
const ASKING_MS = 3_000

/** Somebody who sees an error, mends it and starts again is not a crash loop. */
const FAILURES_FREE = 2

/** Whether it failed so often that one call must do. */
export const isLooping = (state: BreakerState | undefined): boolean =>
  (state?.failures ?? 0) > FAILURES_FREE

export const isBreakerCode = (code: string): code is BreakerCode => Object.hasOwn(BACK_OFF, code)

/** `chance`: from 0, below 1. */
export function enter(state: BreakerState | undefined, now: number, chance: number): Verdict {
  if (state === undefined || isFromTheFuture(state, now)) return firstToAsk(now, 0)
  if (state.phase === 'closed') {
    return now - state.at < FRESH_MS ? { kind: 'go' } : firstToAsk(now, 0)
  }
  if (state.phase === 'asking') {
    return now < state.until ? { kind: 'wait' } : firstToAsk(now, state.failures)
  }
  const code = state.code ?? 'unavailable'
  if (now < state.until) return { kind: 'refuse', code: state.as ?? code, until: state.until }
  return { kind: 'probe', next: { ...failed(state, code, now, chance), as: state.as } }
}

export const answered = (now: number): BreakerState => ({
  phase: 'closed',
  at: now,
  until: 0,
  failures: 0,
})

/** `retryAfterMs`: what the place asks for. */
export function failed(
  state: BreakerState | undefined,
  code: BreakerCode,
  now: number,
  chance: number,
  retryAfterMs = 0,
): BreakerState {
  const { firstMs, factor, mostMs } = BACK_OFF[code]
  const failures = (state?.failures ?? 0) + 1
  const steps = Math.min(failures - 1 - FAILURES_FREE, 20)
  const waitMs = steps < 0 ? 0 : Math.min(mostMs, firstMs * factor ** steps)
  const backOffMs = waitMs * (0.8 + 0.4 * chance)
  const untilMs = Math.max(backOffMs, Math.min(retryAfterMs, RETRY_AFTER_MS_MAX))
  return { phase: 'open', at: now, until: now + Math.ceil(untilMs), failures, code }
}

/** Of two that were heard at once the one that waits longer. */
export const later = (one: BreakerState, other: BreakerState | undefined): BreakerState =>
  other?.phase === 'open' && other.until > one.until && other.failures >= one.failures
    ? { ...one, until: other.until, failures: other.failures }
    : one

/**
 * A refused credential stays refused, mostly: the right one is another scope. What an account may do
 * is changed while the credential stays. A network comes back.
 */
const BACK_OFF: Readonly<Record<BreakerCode, { firstMs: number; factor: number; mostMs: number }>> =
  {
    unauthenticated: { firstMs: 2_000, factor: 4, mostMs: 900_000 },
    denied: { firstMs: 2_000, factor: 4, mostMs: 120_000 },
    throttled: { firstMs: 1_000, factor: 2, mostMs: 60_000 },
    unavailable: { firstMs: 1_000, factor: 2, mostMs: 30_000 },
    timeout: { firstMs: 1_000, factor: 2, mostMs: 30_000 },
  }

const RETRY_AFTER_MS_MAX = 900_000
/** A clock that was put back must not close a place for longer than it was closed. */
const LONGEST_MS = 900_000 * 1.2 + 1

const firstToAsk = (now: number, failures: number): Verdict => ({
  kind: 'probe',
  next: { phase: 'asking', at: now, until: now + ASKING_MS, failures },
})

const isFromTheFuture = (state: BreakerState, now: number) =>
  state.at > now + FRESH_MS || state.until > now + LONGEST_MS
