import type { SecretRecord, VersionRecord } from '../core/record.ts'
import { shownInstant } from './time.ts'

/** The version that a label is on. */
export const versionAt = (record: SecretRecord, label: string): VersionRecord | undefined => {
  const number = Object.hasOwn(record.labels, label) ? record.labels[label] : undefined
  return record.versions.find((version) => version.number === number)
}

export const labelsOn = (record: SecretRecord, version: number): string[] =>
  Object.entries(record.labels)
    .filter(([, number]) => number === version)
    .map(([label]) => label)

/** A record as JSON: instants in ISO 8601, the rest as it is. */
export function recordJson(record: SecretRecord): Record<string, unknown> {
  return {
    ...record,
    createdAt: iso(record.createdAt),
    updatedAt: iso(record.updatedAt),
    deletedAt: iso(record.deletedAt),
    purgeAt: iso(record.purgeAt),
    versions: record.versions.map((version) => ({
      ...version,
      labels: labelsOn(record, version.number),
      createdAt: iso(version.createdAt),
      notBefore: iso(version.notBefore),
      expiresAt: iso(version.expiresAt),
      deletedAt: iso(version.deletedAt),
      destroyedAt: iso(version.destroyedAt),
    })),
  }
}

/** What a version is, in a word or two: `live`, `destroyed`, `expired`. */
export function stateOf(version: VersionRecord, now: number): string {
  if (version.state !== 'live') return version.state
  if (version.deletedAt !== undefined) return 'deleted'
  if (version.disabled === true) return 'disabled'
  if (version.expiresAt !== undefined && version.expiresAt <= now) return 'expired'
  if (version.notBefore !== undefined && version.notBefore > now) {
    return `from ${shownInstant(version.notBefore)}`
  }
  return 'live'
}

export const iso = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString()
