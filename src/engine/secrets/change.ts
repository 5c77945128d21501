import { CofferError } from '../../core/errors.ts'
import { CURRENT, checkLabel } from '../../core/label.ts'
import { LIMITS } from '../../core/limits.ts'
import type { LabelChange, MetadataChange, VersionChange } from '../../core/ports/coffer.ts'
import type { SecretRecord, VersionRecord } from '../../core/record.ts'
import { checkValue } from '../../core/types/validate.ts'
import type { EngineContext } from '../context.ts'
import type { Transaction } from '../transaction.ts'
import { changeMetadata } from './metadata.ts'
import { checkedValidity, instant, wholeNumber } from './numbers.ts'
import { keepingTypes } from './types.ts'
import { labelTarget } from './usable.ts'
import { openVersion } from './open.ts'
import { conflict, moveLabels } from './write.ts'

const DAY_MS = 86_400_000

/** The metadata changed; a new type must fit the current value. */
export async function withMetadata(
  tx: Transaction,
  context: EngineContext,
  record: SecretRecord,
  change: MetadataChange,
): Promise<SecretRecord> {
  const next = changeMetadata(record, change)
  const current = labelTarget(record, CURRENT)
  const version = record.versions.find((v) => v.number === current)
  if (change.type !== undefined && version?.state === 'live') {
    const row = await tx.rows.version(record.id, version.number)
    if (row !== undefined) {
      const bytes = openVersion(context, record.path, record.id, version.number, row.envelope)
      await checkValue(next.type, { encoding: version.encoding, bytes })
      bytes.fill(0)
    }
  }
  // The current value was checked.
  return keepingTypes(record, next, version?.number ?? record.nextVersion)
}

/** @throws `not_found`, `conflict`, `destroyed`, `empty_version`, `invalid_argument` */
export function withLabel(record: SecretRecord, change: LabelChange): SecretRecord {
  const label = checkLabel(change.label)
  const at = labelTarget(record, label)
  if (change.from !== undefined && change.from !== (at ?? 0)) {
    throw conflict(record.path, `version labelled ${label}`, change.from, at ?? 0)
  }
  if (change.to === undefined) return withoutLabel(record, label)
  const version = mustHave(record, change.to)
  if (label === CURRENT) refuseAsCurrent(record, version)
  return { ...record, labels: moveLabels(record, version.number, [label]) }
}

/** Moves `current` to an older version. */
export function rolledBack(record: SecretRecord, to: number): SecretRecord {
  if (labelTarget(record, CURRENT) === to) {
    throw new CofferError('failed_precondition', `${record.path} v${to} is current already.`, {
      remedy: 'There is nothing to do.',
    })
  }
  return withLabel(record, { label: CURRENT, to })
}

/** @throws `not_found`, `destroyed`, `invalid_argument` */
export function withVersionChange(
  record: SecretRecord,
  number: number,
  change: VersionChange,
  now: number,
): SecretRecord {
  const next: Record<string, unknown> & VersionRecord = { ...mustHave(record, number) }
  if (next.state === 'destroyed') throw destroyed(record, number)
  const set = (field: string, value: unknown) => {
    if (value === undefined) delete next[field]
    else next[field] = value
  }
  if (change.enabled !== undefined) set('disabled', change.enabled ? undefined : true)
  if (change.deleted !== undefined) set('deletedAt', change.deleted ? now : undefined)
  for (const field of ['notBefore', 'expiresAt'] as const) {
    const value = change[field]
    if (value !== undefined) set(field, value === null ? undefined : instant(field, value))
  }
  return replaceVersion(record, checkedValidity(next))
}

export function softDeleted(
  record: SecretRecord,
  now: number,
  recoveryDays?: number,
): SecretRecord {
  if (record.deletedAt !== undefined) {
    throw new CofferError('deleted', `The secret ${record.path} was deleted already.`)
  }
  const days = wholeNumber(
    'recoveryDays',
    recoveryDays ?? LIMITS.recoveryWindowDaysDefault,
    LIMITS.recoveryWindowDaysMin,
    LIMITS.recoveryWindowDaysMax,
  )
  return { ...record, deletedAt: now, purgeAt: now + days * DAY_MS }
}

export function undeleted(record: SecretRecord): SecretRecord {
  const { deletedAt, purgeAt: _purgeAt, ...rest } = record
  if (deletedAt === undefined) {
    throw new CofferError('failed_precondition', `The secret ${record.path} is not deleted.`, {
      remedy: 'There is nothing to do.',
    })
  }
  return rest
}

/** Erases the versions' rows and leaves their places in the history. */
export async function withoutVersions(
  tx: Transaction,
  record: SecretRecord,
  numbers: readonly number[],
): Promise<SecretRecord> {
  let next = record
  for (const number of new Set(numbers)) {
    const version = mustHave(next, number)
    if (version.state === 'destroyed') continue
    await tx.rows.removeVersion(record.id, number)
    next = replaceVersion(next, { ...version, state: 'destroyed', destroyedAt: tx.now })
  }
  return next
}

function withoutLabel(record: SecretRecord, label: string): SecretRecord {
  if (label === CURRENT) {
    throw new CofferError('invalid_argument', 'The label current can be moved, not taken off.')
  }
  if (labelTarget(record, label) === undefined) {
    throw new CofferError('not_found', `No version of ${record.path} is labelled ${label}.`)
  }
  const labels = { ...record.labels }
  delete labels[label]
  return { ...record, labels }
}

function mustHave(record: SecretRecord, number: number): VersionRecord {
  const version = record.versions.find((v) => v.number === number)
  if (version !== undefined) return version
  throw new CofferError('not_found', `${record.path} has no version ${number}.`, {
    remedy: `See \`coffer history ${record.path}\`.`,
  })
}

function refuseAsCurrent(record: SecretRecord, version: VersionRecord): void {
  if (version.state === 'destroyed') throw destroyed(record, version.number)
  if (version.state === 'empty') {
    throw new CofferError('empty_version', `${record.path} v${version.number} has no value yet.`)
  }
}

const destroyed = (record: SecretRecord, number: number) =>
  new CofferError('destroyed', `${record.path} v${number} was destroyed.`)

const replaceVersion = (record: SecretRecord, version: VersionRecord): SecretRecord => ({
  ...record,
  versions: record.versions.map((v) => (v.number === version.number ? version : v)),
})
