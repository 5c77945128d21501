import { isCofferError } from '../../../../../core/errors.ts'
import type { TokenRecord } from '../../../../../core/ports/identities.ts'
import type { JsonObject, JsonValue } from '../../../../../core/value.ts'
import { parseSeconds } from '../../duration.ts'
import { refuse } from '../../errors.ts'
import { boolField, intField, listField, textField } from '../../fields.ts'
import type { VaultContext, VaultHandler } from '../../route.ts'
import { madeByRole } from '../answers.ts'
import { policyNames, shownPolicy } from '../policy-names.ts'
import { shownCidrs } from '../token-fields.ts'

/** A role that tokens are made with, as it is kept: the setting `vault/token-role/NAME`. */
export interface TokenRole {
  readonly allowed_policies: readonly string[]
  readonly disallowed_policies: readonly string[]
  readonly allowed_policies_glob: readonly string[]
  readonly disallowed_policies_glob: readonly string[]
  readonly orphan: boolean
  readonly renewable: boolean
  readonly path_suffix: string
  readonly token_type: string
  readonly token_period: number
  readonly token_explicit_max_ttl: number
  readonly token_bound_cidrs: readonly string[]
  readonly token_no_default_policy: boolean
  readonly token_num_uses: number
  /** As they were given under the names from before `token_…`; what counts is above. */
  readonly period: number
  readonly explicit_max_ttl: number
}

export const readRole: VaultHandler = async (context) => {
  const role = await roleOf(context, nameOf(context))
  return role === undefined ? 'absent' : { data: shown(nameOf(context), role) }
}

export const listRoles: VaultHandler = async ({ server }) => {
  const found = await server.gate.platform().settings.list(ROLES)
  const keys = found.map(({ name }) => name.slice(ROLES.length))
  return keys.length === 0 ? 'absent' : { data: { keys } }
}

export const writeRole: VaultHandler = async (context) => {
  const name = nameOf(context)
  const role = changed((await roleOf(context, name)) ?? NEW, context.body)
  const { coffer } = await context.caller()
  await coffer.settings.put(ROLES + name, role as unknown as JsonObject)
  return undefined
}

export const deleteRole: VaultHandler = async (context) => {
  const { coffer } = await context.caller()
  try {
    await coffer.settings.put(ROLES + nameOf(context), undefined)
  } catch (error) {
    if (!isCofferError(error, 'not_found')) throw error
  }
  return undefined
}

export const roleExists = async (context: VaultContext): Promise<boolean> =>
  (await roleOf(context, nameOf(context))) !== undefined

export async function roleOf(
  { server }: VaultContext,
  name: string,
): Promise<TokenRole | undefined> {
  const body = await server.gate.platform().settings.get(ROLES + name)
  return body === undefined ? undefined : { ...NEW, ...body }
}

/** What a role made is renewed by that role only. @throws VaultRefusal 400 */
export async function refuseWithoutRole(context: VaultContext, made: TokenRecord): Promise<void> {
  const name = madeByRole(made)
  if (name === undefined || (await roleOf(context, name)) !== undefined) return
  throw refuse(400, `original token role ${JSON.stringify(name)} could not be found, not renewing`)
}

/** @throws VaultRefusal 400 */
export function nameOf({ params }: VaultContext): string {
  const name = params['role'] ?? ''
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(name)) return name
  throw refuse(400, 'the name of a role is 1 to 128 letters, digits, _ . -')
}

const ROLES = 'vault/token-role/'

const NEW: TokenRole = {
  allowed_policies: [],
  disallowed_policies: [],
  allowed_policies_glob: [],
  disallowed_policies_glob: [],
  orphan: false,
  renewable: true,
  path_suffix: '',
  token_type: 'default-service',
  token_period: 0,
  token_explicit_max_ttl: 0,
  token_bound_cidrs: [],
  token_no_default_policy: false,
  token_num_uses: 0,
  period: 0,
  explicit_max_ttl: 0,
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['', 'default-service'],
  ['default', 'default-service'],
  ['default-service', 'default-service'],
  ['service', 'service'],
])

/** @throws VaultRefusal 400 */
function changed(before: TokenRole, body: JsonObject): TokenRole {
  const names = (name: string) => listField(body, name)?.map((text) => text.toLowerCase())
  const type = textField(body, 'token_type')
  const kept = type === undefined ? before.token_type : TYPES.get(type)
  if (kept === undefined) throw refuse(400, 'this server makes service tokens only')
  const suffix = textField(body, 'path_suffix') ?? before.path_suffix
  if (!/^[\w.-]*$/.test(suffix) || suffix.includes('..')) {
    throw refuse(400, 'given role path suffix contains invalid characters')
  }
  const uses = intField(body, 'token_num_uses') ?? before.token_num_uses
  if (uses < 0) throw refuse(400, "'token_num_uses' cannot be negative")
  const allowed = listField(body, 'allowed_policies')
  return {
    allowed_policies: allowed === undefined ? before.allowed_policies : policyNames(allowed),
    disallowed_policies: names('disallowed_policies') ?? before.disallowed_policies,
    allowed_policies_glob: names('allowed_policies_glob') ?? before.allowed_policies_glob,
    disallowed_policies_glob: names('disallowed_policies_glob') ?? before.disallowed_policies_glob,
    orphan: boolField(body, 'orphan') ?? before.orphan,
    renewable: boolField(body, 'renewable') ?? before.renewable,
    path_suffix: suffix,
    token_type: kept,
    ...lasting('period', before, body),
    ...lasting('explicit_max_ttl', before, body),
    token_bound_cidrs:
      listField(body, 'token_bound_cidrs') ??
      listField(body, 'bound_cidrs') ??
      before.token_bound_cidrs,
    token_no_default_policy:
      boolField(body, 'token_no_default_policy') ?? before.token_no_default_policy,
    token_num_uses: uses,
  }
}

/** Shown under the name, or both names, that it was given under. @throws VaultRefusal 400 */
function lasting<Name extends 'period' | 'explicit_max_ttl'>(
  name: Name,
  before: TokenRole,
  body: JsonObject,
): Pick<TokenRole, Name | `token_${Name}`> {
  const given = body[`token_${name}`] ?? undefined
  const old = body[name] ?? undefined
  const seconds = (value: JsonValue) => {
    const parsed = parseSeconds(name, value)
    if (parsed < 0) throw refuse(400, `'${name}' cannot be negative`)
    return parsed
  }
  const [now, then] =
    given !== undefined
      ? [seconds(given), 0]
      : old !== undefined
        ? [seconds(old), seconds(old)]
        : [before[`token_${name}`], before[name]]
  return { [`token_${name}`]: now, [name]: then } as Pick<TokenRole, Name | `token_${Name}`>
}

const shown = (name: string, role: TokenRole): JsonObject => ({
  allowed_entity_aliases: null,
  name,
  ...(role as unknown as JsonObject),
  allowed_policies: role.allowed_policies.map(shownPolicy),
  token_bound_cidrs: shownCidrs(role.token_bound_cidrs),
})
