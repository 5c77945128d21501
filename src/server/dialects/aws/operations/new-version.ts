import { isCofferError } from '../../../../core/errors.ts'
import { CURRENT } from '../../../../core/label.ts'
import type { MetadataChange, WriteReceipt } from '../../../../core/ports/coffer.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { Call } from '../call.ts'
import { faults } from '../errors/faults.ts'
import { arnOf } from '../names/arn.ts'
import { versionById } from '../staging/version-ids.ts'
import { followingType } from './value.ts'

export interface NewVersion extends MetadataChange {
  readonly token: string
  readonly value: string | Uint8Array
  /** Coffer's labels; the first version that has a value is `current` in any case. */
  readonly labels: readonly string[]
}

/**
 * Writes a version whose id is the request's token. The same token with the same value has been
 * written already; a version that a rotation has staged under this token gets its value.
 * @throws AwsFault `ResourceExistsException` for another value
 */
export async function writeVersion(
  call: Call,
  record: SecretRecord,
  { token, value, labels, ...metadata }: NewVersion,
): Promise<WriteReceipt> {
  const first = record.labels[CURRENT] === undefined && !labels.includes(CURRENT)
  const known = versionById(record, token)
  try {
    return await call.coffer.write(record.path, {
      ...followingType(record, value),
      ...metadata,
      value,
      token,
      ids: { aws: token },
      labels: first ? [CURRENT, ...labels] : labels,
      ifRevision: record.revision,
      ...(known?.state === 'empty' ? { fills: known.number } : {}),
    })
  } catch (error) {
    if (!isCofferError(error, 'token_reused')) throw error
    throw faults.tokenInUse(token, arnOf(call, record))
  }
}
