import { hash } from 'node:crypto'
import type { Random } from '../core/ports/ambient.ts'

/**
 * Bytes that are the same for the same seed, for ever: the blocks SHA-256(`<seed>:<n>`) for n = 0,
 * 1, 2 …, handed out in order without gaps. Golden vectors are made with it. Never for real keys.
 */
export function seededRandom(seed: string): Random {
  let block: Uint8Array = new Uint8Array()
  let used = 0
  let n = 0
  return (bytes) => {
    const out = new Uint8Array(bytes)
    for (let at = 0; at < bytes;) {
      if (used === block.length) {
        block = hash('sha256', `${seed}:${n++}`, 'buffer')
        used = 0
      }
      const take = Math.min(bytes - at, block.length - used)
      out.set(block.subarray(used, used + take), at)
      used += take
      at += take
    }
    return out
  }
}
