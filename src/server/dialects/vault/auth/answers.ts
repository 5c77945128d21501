import type { CreatedToken, TokenRecord } from '../../../../core/ports/identities.ts'
import type { JsonObject } from '../../../../core/value.ts'
import type { VaultAuth } from '../route.ts'
import { shownPolicies } from './policy-names.ts'
import { shownCidrs } from './token-fields.ts'

/** A new token, as its creation or a login answers. */
export const authOfNew = (
  { token, record }: CreatedToken,
  policies: readonly string[],
  now: number,
): VaultAuth => authOf(record, token.reveal(), policies, now)

/** What clients keep of a token that they use. */
export function authOf(
  record: TokenRecord,
  token: string,
  policies: readonly string[],
  now: number,
): VaultAuth {
  const shown = shownPolicies(policies)
  const { metadata } = record
  return {
    client_token: token,
    accessor: record.accessor,
    policies: shown,
    token_policies: shown,
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
    lease_duration: secondsLeft(record, now),
    renewable: record.renewable,
    entity_id: '',
    token_type: 'service',
    orphan: record.parent === undefined,
    mfa_requirement: null,
    num_uses: record.usesLeft,
  }
}

/** All that a look-up tells; `id` is empty where it was looked up by its accessor. */
export function shownToken(
  record: TokenRecord,
  id: string,
  policies: readonly string[],
  now: number,
): JsonObject {
  const { metadata, periodSeconds, boundCidrs, expiresAt, createdAt } = record
  const isOwn = record.path.startsWith('auth/token/')
  const role = madeByRole(record)
  return {
    accessor: record.accessor,
    creation_time: Math.floor(createdAt / 1_000),
    creation_ttl: record.ttlSeconds,
    display_name: record.displayName,
    entity_id: '',
    expire_time: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    explicit_max_ttl: isOwn ? record.maxTtlSeconds : 0,
    id,
    issue_time: new Date(createdAt).toISOString(),
    meta: Object.keys(metadata).length === 0 ? null : { ...metadata },
    num_uses: record.usesLeft,
    orphan: record.parent === undefined,
    path: record.path,
    policies: shownPolicies(policies),
    renewable: record.renewable,
    ttl: secondsLeft(record, now),
    type: 'service',
    ...(periodSeconds > 0 ? { period: periodSeconds } : {}),
    ...(boundCidrs.length > 0 ? { bound_cidrs: shownCidrs(boundCidrs) } : {}),
    ...(role === undefined ? {} : { role }),
  }
}

/** The role of the token store that it was made with. */
export const madeByRole = ({ path }: TokenRecord): string | undefined =>
  /^auth\/token\/create\/([^/]+)/.exec(path)?.[1]

const secondsLeft = ({ expiresAt }: TokenRecord, now: number): number =>
  expiresAt === undefined ? 0 : Math.max(0, Math.ceil((expiresAt - now) / 1_000))
