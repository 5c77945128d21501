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
  const hex = hash('sha256', `coffer aws version\n${secretId}\n${number}`)
  const variant = VARIANTS[Number.parseInt(hex.charAt(16), 16) & 3]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** The digits that RFC 9562's variant leaves. */
const VARIANTS = '89ab'
