import { secretbox, hsalsa } from '@noble/ciphers/salsa.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'

/**
 * libsodium's `crypto_box_seal`, which GitHub asks for: an ephemeral key of X25519, its public half
 * in front, then XSalsa20-Poly1305 under the shared key; the nonce is BLAKE2b-192 of both public
 * keys. 48 bytes longer than the message.
 *
 * @param ephemeral 32 random bytes, used for this box only; they are zeroed
 * @throws Error for a public key of low order or of another length
 */
export function sealBox(
  message: Uint8Array,
  publicKey: Uint8Array,
  ephemeral: Uint8Array,
): Uint8Array {
  const ours = x25519.getPublicKey(ephemeral)
  const shared = x25519.getSharedSecret(ephemeral, publicKey)
  ephemeral.fill(0)
  const key = derive(shared)
  const nonce = blake2b(Buffer.concat([ours, publicKey]), { dkLen: 24 })
  const box = Buffer.concat([ours, secretbox(key, nonce).seal(message)])
  shared.fill(0)
  key.fill(0)
  return box
}

/** HSalsa20 over a nonce of zeros: NaCl's `crypto_box_beforenm`. Words are little-endian. */
function derive(shared: Uint8Array): Uint8Array {
  const key = new Uint8Array(32)
  const words = new Uint32Array(key.buffer)
  hsalsa(wordsOf(SIGMA), wordsOf(shared), new Uint32Array(4), words)
  return key
}

const SIGMA = new TextEncoder().encode('expand 32-byte k')

const wordsOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.slice().buffer)
