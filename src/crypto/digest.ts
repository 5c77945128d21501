import { createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

const DIGEST_BYTES = 32

/** The digest of no heads at all. */
export const EMPTY_DIGEST: Uint8Array = new Uint8Array(DIGEST_BYTES)

/**
 * A head row's share in the digest: HMAC-SHA256 of its whole bytes under a key of its own.
 *
 * A sum of 256-bit numbers is only as strong as its terms are hidden: who sees 2^20 of them finds
 * another choice of rows with the same sum in about 2^31 steps (Wagner's generalised birthday).
 * So a term is never the MAC that the row shows, and the digest itself must rest encrypted, since
 * two successive digests in clear differ by exactly a term.
 */
export const digestElement = (digestKey: KeyObject, head: Uint8Array): Uint8Array =>
  createHmac('sha256', digestKey).update(head).digest()

/** The digest with one element more: addition modulo 2^256, so the order of changes is immaterial. */
export function addToDigest(digest: Uint8Array, element: Uint8Array): Uint8Array {
  const sum = new Uint8Array(DIGEST_BYTES)
  let carry = 0
  for (let i = DIGEST_BYTES - 1; i >= 0; i--) {
    carry += digest[i]! + element[i]!
    sum[i] = carry
    carry >>= 8
  }
  return sum
}

/** The digest with one element less: undoes `addToDigest`. */
export function removeFromDigest(digest: Uint8Array, element: Uint8Array): Uint8Array {
  const rest = new Uint8Array(DIGEST_BYTES)
  let borrow = 0
  for (let i = DIGEST_BYTES - 1; i >= 0; i--) {
    borrow += digest[i]! - element[i]!
    rest[i] = borrow
    borrow >>= 8
  }
  return rest
}
