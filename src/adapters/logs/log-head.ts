import { CofferError } from '../../core/errors.ts'
import type { AuditHead } from '../../core/ports/coffer.ts'
import { lineHash, placeOf, signingKeyOf } from '../../crypto/audit-line.ts'
import { findEnd, type LogPlace } from './log-end.ts'
import { positionOf } from './line-search.ts'

/**
 * The newest signed point.
 * @throws CofferError `not_found` while nothing is signed
 */
export function headOf(place: LogPlace): AuditHead {
  const { signedSeq } = findEnd(place).end
  const line = signedSeq === 0 ? undefined : positionOf(place, signedSeq)?.text
  if (line === undefined) {
    throw new CofferError('not_found', 'The audit log has no signed entry yet.', {
      remedy: 'Unseal the store: the first event after that is signed.',
    })
  }
  return {
    seq: signedSeq,
    hash: lineHash(line),
    generation: placeOf(line)?.generation ?? 0,
    key: signingKeyOf(line) ?? '',
  }
}
