import { LIMITS } from '../../../core/limits.ts'
import type { Ambient } from './ambient.ts'
import { FRESH_MS } from './breaker.ts'

/** The calls of this process in one scope: how many at once, and how many may be repeated. */
export interface Lane {
  /** Waits for room. False once the signal is aborted. Every true is followed by one `leave`. */
  enter(signal: AbortSignal): Promise<boolean>
  leave(): void
  /** Whether the place answered a moment ago. Until it does, calls are made one after the other. */
  isProven(): boolean
  prove(): void
  /** One call failed for good. @returns whether too many did, one after the other */
  disprove(): boolean
  /** Every call earns a fifth of a retry; a few are there from the start. */
  countCall(): void
  takeRetry(): boolean
  /** Half as many at once, and none before the wait is over. */
  slowDown(waitMs: number): void
}

/** `most`: calls at once. */
export function laneOf({ now, sleep }: Ambient, most: number = LIMITS.providerCallsMax): Lane {
  const waiting = new Set<(mine: boolean) => void>()
  let active = 0
  let atOnce = most
  let provenAt = -Infinity
  let failures = 0
  let retries = RETRIES_FIRST
  let pausedUntil = 0
  const isProven = () => now() - provenAt < FRESH_MS
  const hasRoom = () => active < (isProven() ? Math.floor(atOnce) : 1)
  const admit = () => {
    for (const resolve of waiting) {
      if (!hasRoom()) return
      waiting.delete(resolve)
      active++
      resolve(true)
    }
  }
  return {
    async enter(signal) {
      if (signal.aborted) return false
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const giveUp = () => waiting.delete(resolve) && resolve(false)
      waiting.add(resolve)
      signal.addEventListener('abort', giveUp, { once: true })
      admit()
      const mine = await promise
      signal.removeEventListener('abort', giveUp)
      if (mine && pausedUntil > now()) await sleep(pausedUntil - now(), signal)
      return mine
    },
    leave() {
      active--
      admit()
    },
    isProven,
    prove() {
      provenAt = now()
      failures = 0
      atOnce = Math.min(most, atOnce + 1)
    },
    disprove() {
      failures++
      const enough = !isProven() || failures >= FAILURES_MAX
      if (enough) provenAt = -Infinity
      return enough
    },
    countCall() {
      retries = Math.min(RETRIES_KEPT, retries + RETRIES_PER_CALL)
    },
    takeRetry() {
      if (retries < 1) return false
      retries -= 1
      return true
    },
    slowDown(waitMs) {
      atOnce = Math.max(1, atOnce / 2)
      pausedUntil = Math.max(pausedUntil, now() + waitMs)
    },
  }
}

const RETRIES_FIRST = 2
const RETRIES_PER_CALL = 0.2
const RETRIES_KEPT = 20
/** Of a place that answered others a moment ago. */
const FAILURES_MAX = 5
