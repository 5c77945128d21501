import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type {
  CreatedToken,
  Grants,
  TokenRecord,
  TokenSettings,
  UnknownPolicies,
} from '../../core/ports/identities.ts'
import { checkActor } from '../actors.ts'
import type { EngineContext } from '../context.ts'
import { mustBeThere, names, policiesExist } from '../known-names.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import type { Transaction } from '../transaction.ts'
import { checkCidrs } from './checks.ts'
import { issueToken } from './token-create.ts'

/** What tokens of a new role are like. */
export const PLAIN_TOKENS: TokenSettings = {
  policies: [],
  ttlSeconds: 0,
  maxTtlSeconds: 0,
  periodSeconds: 0,
  uses: 0,
  boundCidrs: [],
}

/**
 * The settings of a role after a change; what is not given stays. To let it stand for an actor needs
 * `admin` on that actor.
 * @throws `invalid_argument`, `denied`, `not_found`
 */
export async function changedSettings(
  tx: Transaction,
  before: TokenSettings,
  given: Partial<TokenSettings> = {},
  unknownPolicies: UnknownPolicies = 'refuse',
): Promise<TokenSettings> {
  const asked = { ...before, ...definedOnly(given) }
  const seconds = (name: 'ttlSeconds' | 'maxTtlSeconds' | 'periodSeconds') =>
    wholeNumber(`token.${name}`, asked[name], 0, LIMITS.tokenTtlSecondsMax)
  const settings: TokenSettings = {
    actor: asked.actor === undefined ? undefined : checkActor(asked.actor),
    policies: names('token.policies', asked.policies),
    ...(asked.withDefault === true ? { withDefault: true } : {}),
    ttlSeconds: seconds('ttlSeconds'),
    maxTtlSeconds: seconds('maxTtlSeconds'),
    periodSeconds: seconds('periodSeconds'),
    uses: wholeNumber('token.uses', asked.uses, 0, LIMITS.tokenUsesMax),
    boundCidrs: checkCidrs('token.boundCidrs', asked.boundCidrs),
  }
  if (settings.maxTtlSeconds > 0 && settings.ttlSeconds > settings.maxTtlSeconds) {
    throw new CofferError('invalid_argument', 'token.ttlSeconds is more than token.maxTtlSeconds.')
  }
  if (unknownPolicies === 'refuse') {
    await policiesExist(
      tx,
      settings.policies.filter((name) => !before.policies.includes(name)),
    )
  }
  const { actor } = settings
  if (actor !== undefined) {
    if (actor !== before.actor) tx.require('admin', `actor:${actor}`)
    if (settings.policies.length === 0) await mustBeThere(tx, 'actor', actor)
  }
  return settings
}

/** Whom tokens of a role stand for, and with what. */
export function bearerOfRole(
  { actor, policies: given, withDefault }: TokenSettings,
  otherwise: string,
): { actor: string; grants: Grants | undefined } {
  if (actor !== undefined && given.length === 0) return { actor, grants: undefined }
  const policies = withDefault === true ? [...new Set(['default', ...given])] : given
  return { actor: actor ?? otherwise, grants: { policies, roles: [] } }
}

/** The token of a login. */
export function loginToken(
  context: EngineContext,
  tx: Transaction,
  generation: number,
  settings: TokenSettings,
  given: Pick<
    TokenRecord,
    'accessor' | 'actor' | 'grants' | 'displayName' | 'path' | 'metadata' | 'boundCidrs'
  >,
): Promise<CreatedToken> {
  const { maxTtlSeconds, periodSeconds, uses } = settings
  const wanted = periodSeconds || settings.ttlSeconds || LIMITS.tokenTtlSecondsDefault
  const ttlSeconds = maxTtlSeconds === 0 ? wanted : Math.min(wanted, maxTtlSeconds)
  return issueToken(context, tx, generation, {
    ...given,
    createdAt: tx.now,
    ttlSeconds,
    expiresAt: tx.now + ttlSeconds * 1_000,
    maxTtlSeconds,
    periodSeconds,
    renewable: true,
    usesLeft: uses,
  })
}

/** `undefined` keeps what is there, as an absent field does. */
export const definedOnly = <T extends object>(given: T): Partial<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>
