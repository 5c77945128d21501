import { hash } from 'node:crypto'
import type { SecretRecord, VersionRecord } from '../../../../core/record.ts'

/** The version's id in AWS: the token it was made with, else one that its number determines. */
export const versionIdOf = (
  secretId: string,
  version: Pick<VersionRecord, 'number' | 'ids'>,
): string => version.ids?.['aws'] ?? derivedId(secretId, version.number)

/** @returns undefined when the secret has no such version, or only its place in the history */
export const versionById = (record: SecretRecord, id: string): VersionRecord | undefined =>
  record.versions.find((v) => v.state !== 'destroyed' && versionIdOf(record.id, v) === id)

/** Versions that AWS would still know: neither destroyed nor deleted by themselves. */
export const knownVersions = (record: SecretRecord): VersionRecord[] =>
  record.versions.filter((v) => v.state !== 'destroyed' && v.deletedAt === undefined)

/** A UUID of version 8: the same for the same version, wherever it is asked for. */
function derivedId(secretId: string, number: number): string {
  const digest = hash('sha256', `coffer aws version\n${secretId}\n${number}`, 'buffer')
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-')
}
