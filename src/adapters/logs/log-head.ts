import { CofferError } from '../../core/errors.ts'
import type { AuditSigner } from '../../core/ports/audit-log.ts'
import type { AuditHead } from '../../core/ports/coffer.ts'
import { lineHash, placeOf, signingKeyOf } from '../../crypto/audit-line.ts'
import { findEnd, genuine, readWitness, verifyingKey, type LogPlace } from './log-end.ts'
import { positionOf } from './line-search.ts'

/**
 * The newest signed point.
 * @throws CofferError `not_found` while nothing is signed
 */
export function headOf(place: LogPlace, signer: AuditSigner | undefined): AuditHead {
  const line = lastSigned(place, signer)
  if (line === undefined) {
    throw new CofferError('not_found', 'The audit log has no signed entry yet.', {
      remedy: 'Unseal the store: the first event after that is signed.',
    })
  }
  return {
    seq: placeOf(line)?.seq ?? 0,
    hash: lineHash(line),
    generation: placeOf(line)?.generation ?? 0,
    key: signingKeyOf(line) ?? '',
  }
}

/** By the head file, which is durable, or where that is damaged by the log itself. */
function lastSigned(place: LogPlace, signer: AuditSigner | undefined): string | undefined {
  const { end } = findEnd(place)
  const witness = genuine(place, readWitness(place), end, () => verifyingKey(place, signer))
  if (witness !== undefined) return witness.line
  return end.signedSeq === 0 ? undefined : positionOf(place, end.signedSeq)?.text
}
