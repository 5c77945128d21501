import type { SecretRecord, VersionRecord } from '../../../../core/record.ts'
import { versionIdOf } from '../staging/version-ids.ts'
import { suffixOf } from './arn.ts'

/** What is derived from a secret's id, kept: a digest for each costs as much as a signature's. */
export interface KnownNames {
  /** As `suffixOf`. */
  suffix(secretId: SecretRecord['id']): string
  /** As `versionIdOf`; the one that was asked for last is known. */
  versionId(secretId: SecretRecord['id'], version: Pick<VersionRecord, 'number' | 'ids'>): string
}

interface Known {
  readonly suffix: string
  number: number
  versionId: string
}

export function createKnownNames(max = KNOWN_NAMES_MAX): KnownNames {
  const bySecret = new Map<string, Known>()
  const knownOf = (secretId: string): Known => {
    let known = bySecret.get(secretId)
    if (known === undefined) {
      known = { suffix: suffixOf(secretId), number: 0, versionId: '' }
      if (bySecret.size >= max) bySecret.delete(bySecret.keys().next().value ?? '')
      bySecret.set(secretId, known)
    }
    return known
  }
  return {
    suffix: (secretId) => knownOf(secretId).suffix,
    versionId(secretId, { number, ids }) {
      // What a version was given is its own business, and may differ from one to the next.
      if (ids?.['aws'] !== undefined) return ids['aws']
      const known = knownOf(secretId)
      if (known.number !== number) {
        known.versionId = versionIdOf(secretId, { number })
        known.number = number
      }
      return known.versionId
    },
  }
}

const KNOWN_NAMES_MAX = 10_000
