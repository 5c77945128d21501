import type { Random } from '../core/ports/ambient.ts'

/** No bits are left over: the text of many is the texts of each. */
const ID_BYTES = 9
const ID_CHARS = 12
const TAKEN_AT_ONCE = 256

/**
 * Names of requests, 12 characters of 72 random bits each: nobody guesses one or meets one twice.
 * Random bytes are taken many at once: a call for each would cost a tenth of a read.
 */
export function createRequestIds(random: Random): () => string {
  let text = ''
  let used = 0
  return () => {
    if (used === text.length) {
      text = Buffer.from(random(ID_BYTES * TAKEN_AT_ONCE)).toString('base64url')
      used = 0
    }
    used += ID_CHARS
    return text.slice(used - ID_CHARS, used)
  }
}
