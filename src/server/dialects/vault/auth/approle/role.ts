import { isCofferError } from '../../../../../core/errors.ts'
import type { AppRole, AppRoleInput } from '../../../../../core/ports/identities.ts'
import type { JsonObject } from '../../../../../core/value.ts'
import { parseSeconds } from '../../duration.ts'
import { refuse } from '../../errors.ts'
import { boolField, intField, listField, textField } from '../../fields.ts'
import { actingCaller } from '../../policy/path-guard.ts'
import type { VaultContext, VaultHandler } from '../../route.ts'
import { mountName } from '../mount-name.ts'
import { shownPolicy } from '../policy-names.ts'
import { bearersOf, refuseRootRole } from '../root-roles.ts'
import { shownSettings, tokenSettings } from '../token-fields.ts'

/** The name of the path's role. Case does not count, as in Vault. @throws VaultRefusal 400 */
export function roleName({ params }: VaultContext): string {
  const name = (params['role'] ?? '').toLowerCase()
  if (/^[a-z0-9_](?:[a-z0-9._-]{0,126}[a-z0-9_])?$/.test(name)) return name
  throw refuse(400, 'the name of a role is 1 to 128 letters, digits, _ . -')
}

async function appRoleOf(context: VaultContext): Promise<AppRole | undefined> {
  const { coffer } = await context.caller()
  return coffer.identities.appRole(mountName(context), roleName(context))
}

export const roleExists = async (context: VaultContext): Promise<boolean> =>
  (await appRoleOf(context)) !== undefined

/** The role that a path is below. @throws VaultRefusal 404 */
export async function existingRole(context: VaultContext): Promise<AppRole> {
  const role = await appRoleOf(context)
  if (role === undefined) {
    throw refuse(404, `role name ${JSON.stringify(roleName(context))} doesn't exist`)
  }
  return role
}

export const listRoles: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  const keys = (await coffer.identities.appRoles(mountName(context))).map(({ name }) => name)
  return keys.length === 0 ? 'absent' : { data: { keys: keys.toSorted() } }
}

export const readRole: VaultHandler = async (context) => {
  const role = await appRoleOf(context)
  return role === undefined ? 'absent' : { data: shownRole(role) }
}

export const writeRole: VaultHandler = async (context) => {
  const before = await appRoleOf(context)
  const { token, ...change } = roleFields(context.body)
  // Tokens of a role have the policy `default` unless it says otherwise.
  const withDefault = token?.withDefault ?? before?.token.withDefault ?? before === undefined
  await putRole(context, { ...change, token: { ...token, withDefault } })
  return undefined
}

export const deleteRole: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  try {
    await coffer.identities.deleteAppRole(mountName(context), roleName(context))
  } catch (error) {
    if (!isCofferError(error, 'not_found')) throw error
  }
  return undefined
}

/** Makes or changes the path's role; what is not given stays. */
export async function putRole(
  context: VaultContext,
  change: Omit<AppRoleInput, 'mount' | 'name'>,
): Promise<void> {
  const { coffer } = actingCaller(context, await context.caller())
  const which = { mount: mountName(context), name: roleName(context) }
  const token = { ...change.token }
  await refuseRootRole(context, ...bearersOf((await appRoleOf(context))?.token, token))
  await coffer.identities.putAppRole({ ...change, ...which, token, unknownPolicies: 'keep' })
}

/** What a body says of a role, absent fields left out. @throws VaultRefusal 400 */
export function roleFields(body: JsonObject): Omit<AppRoleInput, 'mount' | 'name'> {
  const ttl = body['secret_id_ttl']
  const uses = intField(body, 'secret_id_num_uses')
  if (uses !== undefined && uses < 0) throw refuse(400, 'secret_id_num_uses cannot be negative')
  if (boolField(body, 'local_secret_ids') === true) {
    throw refuse(400, 'this server has no clusters, and no local secret ids')
  }
  const given = {
    roleId: textField(body, 'role_id') || undefined,
    bindSecretId: boolField(body, 'bind_secret_id'),
    secretIdTtlSeconds: ttl === undefined ? undefined : parseSeconds('secret_id_ttl', ttl),
    secretIdUses: uses,
    secretIdBoundCidrs:
      listField(body, 'secret_id_bound_cidrs') ?? listField(body, 'bound_cidr_list'),
    token: { ...tokenSettings(body) },
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

export const shownRole = (role: AppRole): JsonObject => ({
  bind_secret_id: role.bindSecretId,
  local_secret_ids: false,
  secret_id_bound_cidrs: cidrsShown(role.secretIdBoundCidrs),
  secret_id_num_uses: role.secretIdUses,
  secret_id_ttl: role.secretIdTtlSeconds,
  ...shownSettings(role.token),
  ...(role.token.periodSeconds > 0 ? { period: role.token.periodSeconds } : {}),
  ...(role.token.policies.length > 0 ? { policies: role.token.policies.map(shownPolicy) } : {}),
})

export const cidrsShown = (cidrs: readonly string[]): string[] | null =>
  cidrs.length === 0 ? null : [...cidrs]
