import { CofferError } from '../../core/errors.ts'
import type { AuditHead } from '../../core/ports/coffer.ts'
import { lineHash, placeOf, signingKeyOf } from '../../crypto/audit-line.ts'
import { findEnd, readWitness, type LogPlace } from './log-end.ts'
import { positionOf } from './line-search.ts'

/**
 * The newest signed point.
 * @throws CofferError `not_found` while nothing is signed
 */
export function headOf(place: LogPlace): AuditHead {
  const line = readWitness(place)?.line ?? lastSigned(place)
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

function lastSigned(place: LogPlace): string | undefined {
  const { signedSeq } = findEnd(place).end
  return signedSeq === 0 ? undefined : positionOf(place, signedSeq)?.text
}
