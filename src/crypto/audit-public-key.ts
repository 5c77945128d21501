import { createPublicKey, type KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'

const REMEDY = 'Give the public-key.pem that lies beside the audit log.'

/** Ed25519, from SPKI PEM. @throws CofferError `invalid_key` */
export function auditPublicKey(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (cause) {
    throw new CofferError('invalid_key', 'The audit public key cannot be read.', {
      cause,
      remedy: REMEDY,
    })
  }
  throw new CofferError('invalid_key', 'The audit public key is not an Ed25519 key.', {
    remedy: REMEDY,
  })
}
