import type { Clock } from '../../core/ports/ambient.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Buckets } from './buckets.ts'
import { createBuckets } from './buckets.ts'
import type { Authority } from './guard.ts'
import { createLockout } from './lockout.ts'
import type { Rates } from './rates.ts'
import type { Refusals } from './refusals.ts'

/** All that is known of limits, in this process: of a server without workers, or of their primary. */
export interface LocalAuthority extends Authority {
  take(...given: Parameters<Authority['take']>): number
  lockedMs(login: string): number
  readonly buckets: Buckets
}

/** `clock` is monotonic: limits do not mind a clock that is set. */
export function createLocalAuthority(options: {
  readonly rates: Rates
  readonly refusals: Refusals
  readonly clock: Clock
  readonly workers?: () => number
}): LocalAuthority {
  const { rates, refusals, clock, workers } = options
  const keysMax = LIMITS.guardKeysMax
  const buckets = createBuckets(rates, { clock, keysMax, ...(workers && { workers }) })
  const lockout = createLockout({ clock, keysMax })
  return {
    buckets,
    take: (name, key) => buckets.take(name, key),
    lockedMs: (login) => lockout.waitMs(login),
    loginEnded: (login, good) => lockout.ended(login, good),
    refused: (refusal) => refusals.count(refusal),
  }
}
