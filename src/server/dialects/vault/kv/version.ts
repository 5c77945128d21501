import { isCofferError } from '../../../../core/errors.ts'
import { CURRENT, labelsOf } from '../../../../core/label.ts'
import type { SecretVersion } from '../../../../core/ports/coffer.ts'
import type { SecretRecord, VersionRecord } from '../../../../core/record.ts'
import type { JsonObject } from '../../../../core/value.ts'

/** Vault's number of the version that is read when none is named; 0 without one. */
export const currentNumber = (record: SecretRecord | undefined): number =>
  record !== undefined && Object.hasOwn(record.labels, CURRENT) ? (record.labels[CURRENT] ?? 0) : 0

export const versionNumbered = (
  record: SecretRecord | undefined,
  number: number,
): VersionRecord | undefined => record?.versions.find((version) => version.number === number)

/** Of versions that a request names those that are there; all of them where none is. */
export function versionsMeant(
  record: SecretRecord | undefined,
  wanted: ReadonlySet<number>,
): readonly number[] {
  const there = record?.versions.map(({ number }) => number).filter((one) => wanted.has(one)) ?? []
  return there.length === 0 ? [...wanted] : there
}

/** The labels that policies are asked about for a version; `current` where there is none to ask about. */
export const labelsAt = (record: SecretRecord | undefined, number: number): readonly string[] =>
  record === undefined || number === 0 ? [CURRENT] : labelsOf(record, number)

/** Since when, or from when on, a version cannot be read: Vault knows one instant for it. */
const deletedSince = (
  record: SecretRecord,
  { deletedAt, expiresAt }: VersionRecord,
): number | undefined => record.deletedAt ?? deletedAt ?? expiresAt

/** Whether a version can be read as far as Vault is concerned. */
export function isGone(record: SecretRecord, version: VersionRecord, now: number): boolean {
  const since = deletedSince(record, version)
  return version.state === 'destroyed' || (since !== undefined && since <= now)
}

/** A version as the map of a secret's versions has it. */
export const versionFacts = (record: SecretRecord, version: VersionRecord): JsonObject => ({
  created_time: instantText(version.createdAt),
  deletion_time: instantText(deletedSince(record, version)),
  destroyed: version.state === 'destroyed',
})

/** A version as a read or a write answers with it. */
export const versionMetadata = (record: SecretRecord, version: VersionRecord): JsonObject => ({
  ...versionFacts(record, version),
  version: version.number,
  custom_metadata: customMetadata(record),
})

/** The same of a version that was just read: what is read is not deleted. */
export const metadataOfRead = (found: SecretVersion): JsonObject => ({
  created_time: instantText(found.createdAt),
  deletion_time: instantText(found.expiresAt),
  destroyed: false,
  version: found.version,
  custom_metadata: customMetadata(found),
})

/** A secret's tags; null when it has none. */
export function customMetadata({ tags }: Pick<SecretRecord, 'tags'>): JsonObject | null {
  if (tags === undefined) return null
  for (const _ in tags) return { ...tags }
  return null
}

/** RFC 3339 as Vault has it; empty for never. */
export const instantText = (at: number | undefined): string =>
  at === undefined ? '' : new Date(at).toISOString()

/** What Vault answers with a 404 that still tells of the version. */
export const isGoneError = (error: unknown): boolean => isCofferError(error) && GONE.has(error.code)

const GONE: ReadonlySet<string> = new Set(['deleted', 'destroyed', 'empty_version', 'expired'])
