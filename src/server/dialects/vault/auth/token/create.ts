import { isCofferError } from '../../../../../core/errors.ts'
import { LIMITS } from '../../../../../core/limits.ts'
import type { CreatedToken, TokenInput } from '../../../../../core/ports/identities.ts'
import type { Caller } from '../../../../caller.ts'
import type { JsonObject } from '../../../../../core/value.ts'
import { parseSeconds } from '../../duration.ts'
import { refuse } from '../../errors.ts'
import { boolField, intField, listField, textField, textsField } from '../../fields.ts'
import { actingCaller, permissionsFor } from '../../policy/path-guard.ts'
import type { VaultAnswer, VaultContext, VaultHandler } from '../../route.ts'
import { authOfNew } from '../answers.ts'
import { isRootPolicy, policiesOf, shownPolicy } from '../policy-names.ts'
import { policiesOfNew } from './policies.ts'
import type { TokenRole } from './role.ts'
import { nameOf, roleOf } from './role.ts'

/** `create`: a child of the token that asks. */
export const create: VaultHandler = (context) => made(context, undefined, false)

/** `create-orphan`: a token of its own. */
export const createOrphan: VaultHandler = (context) => made(context, undefined, true)

/** `create/ROLE`. */
export const createByRole: VaultHandler = async (context) => {
  const name = nameOf(context)
  const role = await roleOf(context, name)
  if (role === undefined) throw refuse(400, `unknown role ${name}`)
  const path = ['auth/token/create', name, role.path_suffix].filter((part) => part !== '').join('/')
  return made(context, role, role.orphan, path)
}

async function made(
  context: VaultContext,
  role: TokenRole | undefined,
  makesOrphan: boolean,
  madeAt?: string,
): Promise<VaultAnswer> {
  const { body, path } = context
  const caller = await context.caller()
  const { coffer } = actingCaller(context, caller)
  const held = await policiesOf(coffer, caller.session.actor, caller.session.grants)
  const { isRoot, capabilities } = await permissionsFor(context, caller, path)
  const isSudo = isRoot || capabilities.has('sudo')
  refuseUnbuilt(body)
  const orphan = makesOrphan || (role === undefined && boolField(body, 'no_parent') === true)
  if (orphan && !makesOrphan && !isSudo) {
    throw refuse(400, 'root or sudo privileges required to create orphan token')
  }
  const policies = policiesOfNew({
    asked: listField(body, 'policies') ?? [],
    held,
    noDefault: boolField(body, 'no_default_policy') === true,
    isSudo,
    role,
  })
  const times = timesOf(caller, body, role, isSudo, policies.some(isRootPolicy))
  const isEndless = times.ttlSeconds === 0
  const input: TokenInput = {
    ...times,
    policies,
    roles: [],
    renewable: !isEndless && (boolField(body, 'renewable') ?? true) && role?.renewable !== false,
    uses: usesOf(body, role),
    displayName: displayName(textField(body, 'display_name')),
    metadata: textsField(body, 'meta') ?? {},
    boundCidrs: isEndless ? [] : cidrsOf(caller, role),
    orphan,
    path: madeAt,
  }
  try {
    const { created, warnings } = await createdToken(coffer, input, policies)
    return {
      auth: authOfNew(created, policies, context.server.clock()),
      ...(warnings.length === 0 ? {} : { warnings }),
    }
  } catch (error) {
    if (isCofferError(error, 'denied')) {
      throw refuse(400, 'restricted use token cannot generate child tokens')
    }
    throw error
  }
}

/** @throws VaultRefusal 400 */
function refuseUnbuilt(body: JsonObject): void {
  const type = textField(body, 'type') ?? ''
  if (type === 'batch') throw refuse(400, 'this server makes service tokens only')
  if (type !== '' && type !== 'service') throw refuse(400, "invalid 'token_type' value")
  if ((textField(body, 'id') ?? '') !== '') {
    throw refuse(400, 'this server makes the ids of tokens itself')
  }
  if ((textField(body, 'entity_alias') ?? '') !== '') {
    throw refuse(400, "'entity_alias' is only allowed in combination with token role")
  }
}

/** @throws VaultRefusal 400 */
function timesOf(
  { session }: Caller,
  body: JsonObject,
  role: TokenRole | undefined,
  isSudo: boolean,
  isRoot: boolean,
): { ttlSeconds: number; maxTtlSeconds: number; periodSeconds: number } {
  const seconds = (name: string) => parseSeconds(name, body[name] ?? 0)
  const askedPeriod = seconds('period')
  if (askedPeriod < 0) throw refuse(400, 'period must be positive')
  if (askedPeriod > 0 && !isSudo) {
    throw refuse(400, 'root or sudo privileges required to create periodic token')
  }
  const ttl = seconds('ttl') || seconds('lease')
  if (ttl < 0) throw refuse(400, 'ttl must be positive')
  const explicit = seconds('explicit_max_ttl')
  if (explicit < 0) throw refuse(400, 'explicit_max_ttl must be positive')
  const periodSeconds =
    role !== undefined && role.token_period > 0 ? role.token_period : askedPeriod
  const maxTtlSeconds = leastOf(explicit, role?.token_explicit_max_ttl ?? 0)
  if (isRoot && ttl === 0 && periodSeconds === 0) {
    if (maxTtlSeconds === 0 && session.token?.expiresAt !== undefined) {
      throw refuse(400, 'expiring root tokens cannot create non-expiring root tokens')
    }
    return { ttlSeconds: maxTtlSeconds, maxTtlSeconds, periodSeconds }
  }
  const wanted = periodSeconds || ttl || LIMITS.tokenTtlSecondsDefault
  const most = periodSeconds > 0 ? wanted : Math.min(wanted, LIMITS.tokenTtlSecondsDefault)
  return { ttlSeconds: leastOf(most, maxTtlSeconds), maxTtlSeconds, periodSeconds }
}

/** 0 stands for none. */
const leastOf = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : Math.min(a, b))

/** @throws VaultRefusal 400 */
function usesOf(body: JsonObject, role: TokenRole | undefined): number {
  const uses = intField(body, 'num_uses') ?? 0
  if (uses < 0) throw refuse(400, 'number of uses cannot be negative')
  return leastOf(uses, role?.token_num_uses ?? 0)
}

/** A child is bound to what its maker is bound to; by a role, to what that says if it says anything. */
function cidrsOf({ session }: Caller, role: TokenRole | undefined): readonly string[] {
  const { token_bound_cidrs: cidrs = [] } = role ?? {}
  return cidrs.length > 0 ? cidrs : (session.token?.boundCidrs ?? [])
}

function displayName(given: string | undefined): string {
  if (given === undefined || given === '') return 'token'
  return `token-${given}`
    .replaceAll(/[^A-Za-z0-9-]/g, '-')
    .replace(/-$/, '')
    .slice(0, LIMITS.credentialNameCharsMax)
}

/** A policy that does not exist yet is no mistake, and a warning. */
async function createdToken(
  { access, identities }: Caller['coffer'],
  input: TokenInput,
  policies: readonly string[],
): Promise<{ created: CreatedToken; warnings: readonly string[] }> {
  try {
    return { created: await identities.createToken(input), warnings: [] }
  } catch (error) {
    if (!isCofferError(error, 'not_found')) throw error
  }
  const known = new Set((await access.policies()).map(({ name }) => name))
  return {
    created: await identities.createToken({ ...input, unknownPolicies: 'keep' }),
    warnings: policies
      .filter((name) => !known.has(name))
      .map((name) => `Policy ${JSON.stringify(shownPolicy(name))} does not exist`),
  }
}
