import { randomFillSync } from 'node:crypto'
import type { Random } from '../core/ports/ambient.ts'

const POOL_BYTES = 1_024

/**
 * The system's secure randomness, drawn in larger pieces: a draw of a few bytes costs as much as one
 * of many. What is handed out is a fresh copy, wiped from the pool, and never handed out again.
 */
export function pooledRandom(): Random {
  const pool = Buffer.alloc(POOL_BYTES)
  let used = POOL_BYTES
  return (bytes) => {
    if (bytes > POOL_BYTES / 4) return randomFillSync(new Uint8Array(bytes))
    if (used + bytes > POOL_BYTES) {
      randomFillSync(pool)
      used = 0
    }
    const drawn = new Uint8Array(bytes)
    drawn.set(pool.subarray(used, used + bytes))
    pool.fill(0, used, used + bytes)
    used += bytes
    return drawn
  }
}
