import type { Clock } from '../../core/ports/ambient.ts'

/** Failed logins by key. A key names an address and what is logged in to, never the latter alone. */
export interface Lockout {
  /** 0: go ahead; else the milliseconds that this key is locked for. */
  waitMs(key: string): number
  ended(key: string, good: boolean): void
}

/** So many failures are free; the next locks for a second, each further one for twice as long. */
export const FAILURES_FREE = 5
export const LOCK_MS = 1_000
export const LOCK_MS_MAX = 60_000
/** Without a failure for so long, all is forgotten. */
export const FORGET_MS = 900_000

interface Failures {
  count: number
  at: number
  lockedUntil: number
}

/**
 * At most `keysMax` keys are counted and as many are locked. A flood of addresses pushes out those
 * that were counted longest ago, but none that is locked: for that it takes as many locked ones, each
 * of which cost more than `FAILURES_FREE` attempts, and then the lock goes that ends first.
 */
export function createLockout(options: {
  readonly clock: Clock
  readonly keysMax: number
}): Lockout {
  const { clock, keysMax } = options
  const counted = new Map<string, Failures>()
  const locked = new Map<string, Failures>()

  const makeRoomForLock = (now: number): void => {
    let first: string | undefined
    let end = Infinity
    for (const [key, { lockedUntil }] of locked) {
      if (lockedUntil <= now - FORGET_MS) return void locked.delete(key)
      if (lockedUntil < end) [first, end] = [key, lockedUntil]
    }
    if (first !== undefined) locked.delete(first)
  }

  return {
    waitMs: (key) => Math.max(0, (locked.get(key)?.lockedUntil ?? 0) - clock()),
    ended(key, good) {
      const now = clock()
      const known = locked.get(key) ?? counted.get(key)
      counted.delete(key)
      if (good) return void locked.delete(key)
      const failures =
        known === undefined || now - known.at > FORGET_MS
          ? { count: 0, at: now, lockedUntil: 0 }
          : known
      failures.count += 1
      failures.at = now
      if (failures.count < FAILURES_FREE) {
        locked.delete(key)
        if (counted.size >= keysMax) counted.delete(counted.keys().next().value as string)
        counted.set(key, failures)
        return
      }
      const doublings = Math.min(failures.count - FAILURES_FREE, 32)
      failures.lockedUntil = now + Math.min(LOCK_MS * 2 ** doublings, LOCK_MS_MAX)
      if (!locked.has(key) && locked.size >= keysMax) makeRoomForLock(now)
      locked.set(key, failures)
    },
  }
}
