import type { AuditReport, AuditVerifyOptions } from '../core/ports/coffer.ts'
import { auditPublicKey } from './audit-public-key.ts'
import { ChainWalk } from './chain-walk.ts'

/**
 * Verifies an exported log, or an extract of one, knowing nothing but the public key and the store's
 * id: what a stranger can do. Says nothing of what came before the extract, nor of what came after it
 * but for a `checkpoint`, which it must contain.
 * @throws CofferError `invalid_key` when the key is not an Ed25519 public key in PEM
 */
export async function verifyExport(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  publicKeyPem: string,
  storeId: string,
  { checkpoint }: Pick<AuditVerifyOptions, 'checkpoint'> = {},
): Promise<AuditReport> {
  const witnesses = checkpoint === undefined ? [] : [{ ...checkpoint, name: 'the checkpoint' }]
  const publicKey = auditPublicKey(publicKeyPem)
  const walk = new ChainWalk({ storeId, publicKey, witnesses, extract: true })
  walk.segment('export')
  for await (const chunk of chunks) walk.push(chunk)
  return walk.end()
}
