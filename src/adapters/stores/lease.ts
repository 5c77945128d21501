import { LIMITS } from '../../core/limits.ts'

/**
 * The latest end of a lease that is believed. One that ends later was taken by a clock that was
 * ahead, and would hold everybody up until then.
 */
export const leaseHorizonMs = (nowMs: number, ttlMs: number): number =>
  nowMs + Math.max(ttlMs, LIMITS.sweepEveryMs)
