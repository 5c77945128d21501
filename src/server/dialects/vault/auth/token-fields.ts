import type { TokenSettings } from '../../../../core/ports/identities.ts'
import type { JsonObject } from '../../../../core/value.ts'
import { parseSeconds } from '../duration.ts'
import { refuse } from '../errors.ts'
import { boolField, intField, listField, textField } from '../fields.ts'
import { policyNames, shownPolicy } from './policy-names.ts'

/**
 * What tokens of a role are like, in the fields that all auth methods have in common; the older names
 * without `token_` are read too. Absent fields stay as they are.
 * @throws VaultRefusal 400
 */
export function tokenSettings(body: JsonObject): Partial<TokenSettings> {
  const seconds = (name: string) => {
    const given = body[`token_${name}`] ?? body[name]
    if (given === undefined || given === null) return undefined
    const value = parseSeconds(`token_${name}`, given)
    if (value < 0) throw refuse(400, `'token_${name}' cannot be negative`)
    return value
  }
  const policies = listField(body, 'token_policies') ?? listField(body, 'policies')
  const uses = intField(body, 'token_num_uses') ?? intField(body, 'num_uses')
  if (uses !== undefined && uses < 0) throw refuse(400, "'token_num_uses' cannot be negative")
  const type = textField(body, 'token_type') ?? ''
  if (type.includes('batch')) throw refuse(400, 'this server makes service tokens only')
  const [max, explicitMax] = [seconds('max_ttl'), seconds('explicit_max_ttl')]
  const noDefault = boolField(body, 'token_no_default_policy')
  return {
    policies: policies && policyNames(policies),
    withDefault: noDefault === undefined ? undefined : !noDefault,
    ttlSeconds: seconds('ttl'),
    maxTtlSeconds: explicitMax === undefined || explicitMax === 0 ? max : explicitMax,
    periodSeconds: seconds('period'),
    uses,
    boundCidrs: listField(body, 'token_bound_cidrs') ?? listField(body, 'bound_cidrs'),
  }
}

/** The same fields, as a read of the role answers them. */
export const shownSettings = (token: TokenSettings): JsonObject => ({
  token_bound_cidrs: shownCidrs(token.boundCidrs),
  token_explicit_max_ttl: 0,
  token_max_ttl: token.maxTtlSeconds,
  token_no_default_policy: token.withDefault !== true,
  token_num_uses: token.uses,
  token_period: token.periodSeconds,
  token_policies: token.policies.map(shownPolicy),
  token_strictly_bind_ip: false,
  token_ttl: token.ttlSeconds,
  token_type: 'default',
})

/** As Vault prints them: the block of one address is that address. */
export const shownCidrs = (cidrs: readonly string[]): string[] =>
  cidrs.map((cidr) => cidr.replace(cidr.includes(':') ? /\/128$/ : /\/32$/, ''))
