import { hash } from 'node:crypto'
import type { SecretRecord } from '../../../../core/record.ts'
import { nameOfPath } from './name.ts'

/** What an ARN is made of besides the secret: the signed region, the configured account. */
export interface Place {
  readonly region: string
  readonly accountId: string
}

type Named = Pick<SecretRecord, 'id' | 'path' | 'spellings'>

export const nameOf = ({ path, spellings }: Omit<Named, 'id'>): string =>
  spellings?.['aws'] ?? nameOfPath(path)

export const arnOf = (place: Place, secret: Named, suffix = suffixOf(secret.id)): string =>
  `${arnPrefix(place)}${nameOf(secret)}-${suffix}`

/** Of a secret that is not there; AWS answers one when such a secret is deleted by force. */
export const arnOfAbsent = (place: Place, name: string): string =>
  `${arnPrefix(place)}${name}-${suffixOf(name)}`

/**
 * The six characters at the end: the same as long as the secret lives, others for its successor.
 * Never six small letters, which the end of a name is more likely to be (`db-secret`).
 */
export function suffixOf(id: string): string {
  for (let tries = 0; ; tries++) {
    // As text: a buffer for each digest costs twice the hash.
    const digest = hash('sha256', `coffer aws arn\n${id}\n${tries}`)
    let suffix = ''
    for (let i = 0; i < 24; i += 4) {
      suffix += ALPHABET[Number.parseInt(digest.slice(i, i + 4), 16) % ALPHABET.length]
    }
    if (!/^[a-z]+$/.test(suffix)) return suffix
  }
}

/** Whose principal an actor is: `local:alice` is `arn:aws:iam::ACCOUNT:user/local/alice`. */
export const principalOf = (place: Place, actor: string): string =>
  `arn:${partitionOf(place.region)}:iam::${place.accountId}:user/${actor.replaceAll(':', '/')}`

export interface SecretArn {
  readonly accountId: string
  /** The name, and the suffix where the ARN is whole. */
  readonly resource: string
}

/** @returns undefined for what is no secret's ARN */
export function parseArn(text: string): SecretArn | undefined {
  const [, accountId, resource] = ARN.exec(text) ?? []
  return accountId === undefined || resource === undefined ? undefined : { accountId, resource }
}

const ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]*:([0-9]{12}):secret:(.+)$/s

const arnPrefix = ({ region, accountId }: Place) =>
  `arn:${partitionOf(region)}:secretsmanager:${region}:${accountId}:secret:`

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
