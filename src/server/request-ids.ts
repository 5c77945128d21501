import type { Random } from '../core/ports/ambient.ts'

const ID_BYTES = 9
const TAKEN_AT_ONCE = 256

/**
 * Names of requests, 12 characters of 72 random bits each: nobody guesses one or meets one twice.
 * Random bytes are taken many at once: a call for each would cost a tenth of a read.
 */
export function createRequestIds(random: Random): () => string {
  let bytes = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used === bytes.length) {
      bytes = Buffer.from(random(ID_BYTES * TAKEN_AT_ONCE))
      used = 0
    }
    used += ID_BYTES
    return bytes.toString('base64url', used - ID_BYTES, used)
  }
}
