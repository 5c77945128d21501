import { isCofferError } from '../../../../../core/errors.ts'
import type { JwtRole, JwtRoleInput } from '../../../../../core/ports/identities.ts'
import type { JsonObject } from '../../../../../core/value.ts'
import { parseSeconds } from '../../duration.ts'
import { refuse } from '../../errors.ts'
import { boolField, listField, objectField, textField, textsField } from '../../fields.ts'
import type { VaultContext, VaultHandler } from '../../route.ts'
import { mountName } from '../mount-name.ts'
import { bearersOf, refuseRootRole } from '../root-roles.ts'
import { shownSettings, tokenSettings } from '../token-fields.ts'

export const listRoles: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  const keys = (await coffer.identities.jwtRoles(mountName(context))).map(({ name }) => name)
  return keys.length === 0 ? 'absent' : { data: { keys: keys.toSorted() } }
}

export const readRole: VaultHandler = async (context) => {
  const role = await roleOf(context)
  return role === undefined ? 'absent' : { data: shown(role) }
}

export const roleExists = async (context: VaultContext): Promise<boolean> =>
  (await roleOf(context)) !== undefined

export const writeRole: VaultHandler = async (context) => {
  const before = await roleOf(context)
  const { body } = context
  const type = textField(body, 'role_type') || 'jwt'
  if (type !== 'jwt') throw refuse(400, 'this server has roles of the type jwt only')
  if (before === undefined && (textField(body, 'user_claim') ?? '') === '') {
    throw refuse(400, 'a user claim must be defined on the role')
  }
  const { coffer } = await context.caller()
  const token = tokenSettings(body)
  await refuseRootRole(context, ...bearersOf(before?.token, token))
  const withDefault = token.withDefault ?? before?.token.withDefault ?? before === undefined
  await coffer.identities.putJwtRole({
    ...fieldsOf(body),
    mount: mountName(context),
    name: roleName(context),
    token: { ...token, withDefault },
    unknownPolicies: 'keep',
  })
  return undefined
}

export const deleteRole: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  try {
    await coffer.identities.deleteJwtRole(mountName(context), roleName(context))
  } catch (error) {
    if (!isCofferError(error, 'not_found')) throw error
  }
  return undefined
}

async function roleOf(context: VaultContext): Promise<JwtRole | undefined> {
  const { coffer } = await context.caller()
  return coffer.identities.jwtRole(mountName(context), roleName(context))
}

const roleName = ({ params }: VaultContext): string => (params['role'] ?? '').toLowerCase()

function fieldsOf(body: JsonObject): Partial<JwtRoleInput> {
  const seconds = (name: string) =>
    body[name] === undefined ? undefined : parseSeconds(name, body[name])
  const claimsType = textField(body, 'bound_claims_type') || undefined
  if (claimsType !== undefined && claimsType !== 'string' && claimsType !== 'glob') {
    throw refuse(400, `invalid 'bound_claims_type': must be string or glob`)
  }
  if (boolField(body, 'verbose_oidc_logging') === true) {
    throw refuse(400, 'claims are never logged')
  }
  if ((textField(body, 'groups_claim') ?? '') !== '') {
    throw refuse(400, 'this server has no groups: map the claim to metadata')
  }
  const claim = textField(body, 'user_claim') || undefined
  const isPointer = boolField(body, 'user_claim_json_pointer') === true
  if (claim !== undefined && claim.startsWith('/') !== isPointer && isPointer) {
    throw refuse(400, 'user_claim is no JSON pointer')
  }
  const subject = textField(body, 'bound_subject')
  return {
    boundAudiences: listField(body, 'bound_audiences'),
    ...(subject === undefined || subject === '' ? {} : { boundSubject: subject }),
    boundClaims: objectField(body, 'bound_claims'),
    boundClaimsType: claimsType,
    userClaim: claim,
    claimMappings: textsField(body, 'claim_mappings'),
    clockSkewSeconds: seconds('clock_skew_leeway'),
    expirationLeewaySeconds: seconds('expiration_leeway'),
    notBeforeLeewaySeconds: seconds('not_before_leeway'),
  }
}

const shown = (role: JwtRole): JsonObject => ({
  allowed_redirect_uris: null,
  bound_audiences: role.boundAudiences.length === 0 ? null : [...role.boundAudiences],
  bound_claims: Object.keys(role.boundClaims).length === 0 ? null : { ...role.boundClaims },
  bound_claims_type: role.boundClaimsType,
  bound_subject: role.boundSubject ?? '',
  claim_mappings: Object.keys(role.claimMappings).length === 0 ? null : { ...role.claimMappings },
  clock_skew_leeway: role.clockSkewSeconds,
  expiration_leeway: role.expirationLeewaySeconds,
  groups_claim: '',
  max_age: 0,
  not_before_leeway: role.notBeforeLeewaySeconds,
  oidc_scopes: null,
  role_type: 'jwt',
  user_claim: role.userClaim,
  user_claim_json_pointer: role.userClaim.startsWith('/'),
  verbose_oidc_logging: false,
  ...shownSettings(role.token),
})
