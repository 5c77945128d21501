import { createPublicKey, type KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'
import type { AuditReport } from '../core/ports/coffer.ts'
import { ChainWalk } from './chain-walk.ts'

/**
 * Verifies an exported log, or an extract of one, knowing nothing but the public key and the store's
 * id: what a stranger can do. Says nothing of what came before or after the extract.
 * @throws CofferError `invalid_key` when the key is not an Ed25519 public key in PEM
 */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  publicKeyPem: string,
  storeId: string,
): Promise<AuditReport> {
  const walk = new ChainWalk({ storeId, publicKey: publicKeyOf(publicKeyPem), extract: true })
  walk.segment('export')
  for await (const chunk of chunks) walk.push(chunk)
  return walk.end()
}

/** @throws CofferError `invalid_key` */
export function publicKeyOf(pem: string): KeyObject {
  try {
    const key = createPublicKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (cause) {
    throw new CofferError('invalid_key', 'The audit public key cannot be read.', { cause })
  }
  throw new CofferError('invalid_key', 'The audit public key is not an Ed25519 key.')
}
