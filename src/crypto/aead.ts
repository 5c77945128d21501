import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'
import type { Random } from '../core/ports/ambient.ts'

/** AES-256-GCM, NIST SP 800-38D: 96-bit nonce, 128-bit tag, no other sizes. */
export const NONCE_BYTES = 12
const TAG_BYTES = 16
/** What sealing adds to a plaintext. */
export const SEAL_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES

/** 32 bytes. Raw bytes are for keys that live for one call. */
type AeadKey = KeyObject | Uint8Array

/**
 * Returns nonce(12) ‖ ciphertext ‖ tag(16). The nonce is random: at most 2^32 calls under one key
 * keep the chance of a repeated one below 2^-32.
 */
export function sealAead(
  key: AeadKey,
  plaintext: Uint8Array,
  aad: Uint8Array,
  random: Random,
): Uint8Array {
  const out = Buffer.allocUnsafeSlow(plaintext.length + SEAL_OVERHEAD_BYTES)
  sealInto(out, 0, key, random(NONCE_BYTES), plaintext, aad)
  return out
}

/**
 * The plaintext of what `sealAead` made, in a buffer of its own.
 * @throws CofferError `corrupt` when a byte of it, the key or the associated data differ
 */
export function openAead(key: AeadKey, sealed: Uint8Array, aad: Uint8Array): Uint8Array {
  return openRange(key, sealed, 0, sealed.length, aad)
}

/** `openAead` of the bytes from `start` up to `end`. */
export function openRange(
  key: AeadKey,
  bytes: Uint8Array,
  start: number,
  end: number,
  aad: Uint8Array,
): Uint8Array {
  const length = end - start - SEAL_OVERHEAD_BYTES
  if (length < 0 || end > bytes.length) throw refuse()
  // Views made directly cost a third of `subarray`, which counts on the path of every read.
  const { buffer } = bytes
  const at = bytes.byteOffset + start
  return openGcm({
    key,
    aad,
    nonce: new Uint8Array(buffer, at, NONCE_BYTES),
    ciphertext: new Uint8Array(buffer, at + NONCE_BYTES, length),
    tag: new Uint8Array(buffer, at + NONCE_BYTES + length, TAG_BYTES),
  })
}

/** Writes nonce ‖ ciphertext ‖ tag at `offset`; returns the offset after it. */
export function sealInto(
  out: Uint8Array,
  offset: number,
  key: AeadKey,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): number {
  const { ciphertext, tag } = sealGcm({ key, nonce, plaintext, aad })
  const tagAt = offset + NONCE_BYTES + ciphertext.length
  out.set(nonce, offset)
  out.set(ciphertext, offset + NONCE_BYTES)
  out.set(tag, tagAt)
  return tagAt + TAG_BYTES
}

/** @throws CofferError `invalid_argument` for a nonce that is not 12 bytes or a key not of 32 */
export function sealGcm(box: {
  readonly key: AeadKey
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
  readonly plaintext: Uint8Array
}): { ciphertext: Uint8Array; tag: Uint8Array } {
  checkKey(box.key)
  if (box.nonce.length !== NONCE_BYTES) {
    throw new CofferError('invalid_argument', `A nonce has ${NONCE_BYTES} bytes.`)
  }
  const cipher = createCipheriv(ALGORITHM, box.key, box.nonce, OPTIONS)
  cipher.setAAD(box.aad)
  const ciphertext = cipher.update(box.plaintext)
  cipher.final()
  return { ciphertext, tag: cipher.getAuthTag() }
}

/**
 * @throws CofferError `corrupt` when it does not authenticate or nonce or tag have another size;
 * `invalid_argument` for a key not of 32 bytes
 */
export function openGcm(box: {
  readonly key: AeadKey
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}): Uint8Array {
  checkKey(box.key)
  if (box.nonce.length !== NONCE_BYTES || box.tag.length !== TAG_BYTES) throw refuse()
  const decipher = createDecipheriv(ALGORITHM, box.key, box.nonce, OPTIONS)
  decipher.setAAD(box.aad)
  decipher.setAuthTag(box.tag)
  const plaintext = decipher.update(box.ciphertext)
  try {
    decipher.final()
  } catch {
    plaintext.fill(0)
    throw refuse()
  }
  return plaintext
}

const ALGORITHM = 'aes-256-gcm'
const OPTIONS = { authTagLength: TAG_BYTES }
const KEY_BYTES = 32

function checkKey(key: AeadKey): void {
  const bytes = key instanceof Uint8Array ? key.length : key.symmetricKeySize
  if (bytes !== KEY_BYTES) {
    throw new CofferError('invalid_argument', `An AES-256 key has ${KEY_BYTES} bytes.`)
  }
}

const refuse = () =>
  new CofferError('corrupt', 'Encrypted bytes do not open: they were changed or belong elsewhere.')
