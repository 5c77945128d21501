import type { Clock } from '../../core/ports/ambient.ts'
import type { LimitName, Rate, Rates } from './rates.ts'

/** Token buckets, one for each limit and key. The only place that knows how many tokens are left. */
export interface Buckets {
  /** Takes one. 0 when there was one, else the milliseconds until there is. */
  take(name: LimitName, key: string): number
  /**
   * Gives a worker some to hand out itself until `LEASE_MS` from now: at most `want` or a quarter of
   * its fair share, whichever is more, in place of what is left of its last lease.
   */
  lease(worker: number, name: LimitName, key: string, want: number): Lease
  /** A worker is gone, and its leases with it. */
  forget(worker: number): void
}

export interface Lease {
  readonly tokens: number
  /** Until there is one, when there is none. */
  readonly waitMs: number
}

/** A lease that is older counts no more, for who took it and for who gave it. */
export const LEASE_MS = 1_000

interface Bucket {
  tokens: number
  at: number
  /** Looked at since it was last considered for removal. */
  used: boolean
  /** By worker: given and perhaps not used yet. With `tokens` never more than the burst. */
  leased: Map<number, { tokens: number; until: number }> | undefined
}

/** `clock` is monotonic; `workers` tells how many share; at most `keysMax` keys for each limit. */
export function createBuckets(
  rates: Rates,
  options: { readonly clock: Clock; readonly keysMax: number; readonly workers?: () => number },
): Buckets {
  const { clock, keysMax, workers = () => 1 } = options
  const byName = new Map<LimitName, Map<string, Bucket>>()

  const bucketOf = (name: LimitName, key: string, rate: Rate, now: number): Bucket => {
    let buckets = byName.get(name)
    if (buckets === undefined) byName.set(name, (buckets = new Map()))
    const known = buckets.get(key)
    if (known !== undefined) {
      known.used = true
      refill(known, rate, now)
      return known
    }
    if (buckets.size >= keysMax) makeRoom(buckets, rate, now)
    const fresh = { tokens: rate.burst, at: now, used: false, leased: undefined }
    buckets.set(key, fresh)
    return fresh
  }

  return {
    take(name, key) {
      const rate = rates[name]
      if (rate === undefined) return 0
      const bucket = bucketOf(name, key, rate, clock())
      if (bucket.tokens < 1) return waitMs(bucket, rate)
      bucket.tokens -= 1
      return 0
    },
    lease(worker, name, key, want) {
      const rate = rates[name]
      if (rate === undefined) return { tokens: want, waitMs: 0 }
      const now = clock()
      const bucket = bucketOf(name, key, rate, now)
      bucket.leased?.delete(worker)
      const whole = Math.floor(bucket.tokens)
      if (whole < 1) return { tokens: 0, waitMs: waitMs(bucket, rate) }
      const share = Math.floor(whole / (4 * Math.max(1, workers())))
      const tokens = Math.min(whole, Math.max(1, want, share))
      bucket.tokens -= tokens
      bucket.leased ??= new Map()
      bucket.leased.set(worker, { tokens, until: now + LEASE_MS })
      return { tokens, waitMs: 0 }
    },
    forget(worker) {
      for (const buckets of byName.values()) {
        for (const { leased } of buckets.values()) leased?.delete(worker)
      }
    },
  }
}

function refill(bucket: Bucket, rate: Rate, now: number): void {
  let leased = 0
  for (const [worker, { tokens, until }] of bucket.leased ?? []) {
    if (until <= now) bucket.leased?.delete(worker)
    else leased += tokens
  }
  const grown = bucket.tokens + (Math.max(0, now - bucket.at) / 1_000) * rate.perSecond
  bucket.tokens = Math.min(Math.max(0, rate.burst - leased), grown)
  bucket.at = now
}

const waitMs = ({ tokens }: Bucket, { perSecond }: Rate): number =>
  Math.max(1, Math.ceil(((1 - tokens) / perSecond) * 1_000))

/** How many are looked at to find one that nobody misses. */
const LOOKED_AT = 16

/** A full bucket is as good as none; else one that was not used goes before one that was. */
function makeRoom(buckets: Map<string, Bucket>, rate: Rate, now: number): void {
  for (let looked = 1; looked <= LOOKED_AT; looked++) {
    const [key, bucket] = buckets.entries().next().value as [string, Bucket]
    refill(bucket, rate, now)
    buckets.delete(key)
    const spare = bucket.tokens >= rate.burst || !bucket.used
    if (spare || looked === LOOKED_AT) return
    bucket.used = false
    buckets.set(key, bucket)
  }
}
