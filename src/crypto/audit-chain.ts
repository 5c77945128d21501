import type { AuditReport } from '../core/ports/coffer.ts'
import { auditPublicKey } from './audit-public-key.ts'
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
  const walk = new ChainWalk({ storeId, publicKey: auditPublicKey(publicKeyPem), extract: true })
  walk.segment('export')
  for await (const chunk of chunks) walk.push(chunk)
  return walk.end()
}
