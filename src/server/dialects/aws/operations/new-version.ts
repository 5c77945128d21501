import { isCofferError } from '../../../../core/errors.ts'
import { CURRENT, PENDING } from '../../../../core/label.ts'
import { LIMITS } from '../../../../core/limits.ts'
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
  const taken = first ? [CURRENT, ...labels] : labels
  const known = versionById(record, token)
  let receipt: WriteReceipt
  try {
    receipt = await call.coffer.write(record.path, {
      ...followingType(record, value),
      ...keepingYoung(record, call.now),
      ...metadata,
      value,
      token,
      ids: { aws: token },
      labels: taken,
      ifRevision: record.revision,
      ...(known?.state === 'empty' ? { fills: known.number } : {}),
    })
  } catch (error) {
    if (!isCofferError(error, 'token_reused')) throw error
    throw faults.tokenInUse(token, arnOf(call, record))
  }
  if (receipt.written) await settlePending(call, record, taken)
  return receipt
}

/** A version that stops being the current one is pending no more. */
async function settlePending(
  { coffer }: Call,
  { path, labels }: SecretRecord,
  taken: readonly string[],
): Promise<void> {
  const pending = labels[PENDING]
  if (pending === undefined || pending !== labels[CURRENT]) return
  if (!taken.includes(CURRENT) || taken.includes(PENDING)) return
  try {
    await coffer.label(path, { label: PENDING, from: pending })
  } catch (error) {
    // Somebody else has moved it, or this caller may not: the value is written either way.
    if (!isCofferError(error, 'conflict') && !isCofferError(error, 'denied')) throw error
  }
}

/**
 * More than a hundred versions are kept as long as they are less than a day old. What somebody has
 * asked to keep is never made fewer: older ones would be destroyed by it.
 */
function keepingYoung(
  { versions, maxVersions = LIMITS.versionsDefault }: SecretRecord,
  now: number,
): { maxVersions?: number } {
  if (versions.length < LIMITS.versionsDefault || maxVersions < LIMITS.versionsDefault) return {}
  const young = versions.filter(({ createdAt }) => createdAt > now - DAY_MS).length
  const wanted = Math.min(young + LIMITS.labelsPerSecretMax, LIMITS.versionsMax)
  return wanted > maxVersions ? { maxVersions: wanted } : {}
}

const DAY_MS = 86_400_000
