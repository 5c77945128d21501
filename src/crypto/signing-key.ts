import { createPrivateKey, createPublicKey, hash, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'
import type { AuditSigner } from '../core/ports/audit-log.ts'

/** An Ed25519 public key as in RFC 8032: 32 bytes. */
export const PUBLIC_KEY_BYTES = 32

/** The public key of a 32-byte seed (RFC 8032, section 5.1.5). */
export const publicKeyOf = (seed: KeyObject): Uint8Array =>
  Uint8Array.from(
    createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' }).subarray(-32),
  )

/** Signs with the seed's private key, which is made at the first signature. */
export function signerOf(seed: KeyObject, publicKey: Uint8Array): AuditSigner {
  const der = Buffer.concat([SPKI_PREFIX, publicKey])
  let privateKey: KeyObject | undefined
  return {
    key: fingerprintOfDer(der),
    publicKeyPem: `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`,
    sign: (bytes) => sign(null, bytes, (privateKey ??= privateKeyOf(seed))),
  }
}

/**
 * What `AuditSigner.key` is: the first 16 hex digits of SHA-256 over the SPKI DER.
 * @throws CofferError `invalid_key` when the text is no Ed25519 public key
 */
export function publicKeyFingerprint(publicKeyPem: string): string {
  try {
    const key = createPublicKey(publicKeyPem)
    if (key.asymmetricKeyType === 'ed25519') {
      return fingerprintOfDer(key.export({ format: 'der', type: 'spki' }))
    }
  } catch {
    // Falls through to the same refusal: what is wrong with it does not matter to the caller.
  }
  throw new CofferError('invalid_key', 'This is not an Ed25519 public key in PEM.', {
    remedy: 'Give the public-key.pem that lies beside the audit log.',
  })
}

/** DER of SPKI for Ed25519 (RFC 8410), up to the 32 bytes of the key. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

const fingerprintOfDer = (der: Uint8Array): string => hash('sha256', der, 'hex').slice(0, 16)

function privateKeyOf(seed: KeyObject): KeyObject {
  const key = seed.export()
  try {
    return createPrivateKey({ key, format: 'raw-private', asymmetricKeyType: 'ed25519' })
  } finally {
    key.fill(0)
  }
}
