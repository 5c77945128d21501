import { CofferError } from '../../../../core/errors.ts'
import type { Capability } from '../../../../core/policy/vault/parse.ts'
import { parametersFit } from '../../../../core/policy/vault/access.ts'
import type { AddressPermissions } from '../../../../core/policy/vault/permissions.ts'
import type { Caller } from '../../../caller.ts'
import { foldedName } from '../folded-name.ts'
import type { LabelsMeant, PathGuard, VaultContext } from '../route.ts'

/**
 * Whether policies give the caller what it asks of an address. Where they do, the answer is the same
 * caller with a Coffer that may do what is behind the address: the address is all that is decided
 * about. Every refusal is audited. @throws CofferError `denied`
 */
export const guardPath: PathGuard = async (context, caller) => {
  const folded = foldedPath(context)
  for (const path of folded === context.path ? [folded] : [context.path, folded]) {
    const asked = { ...context, path }
    const found = await permissionsOf(asked, caller)
    const wanted = await capabilityOf(asked, caller, found)
    const mayTouch = found.isRoot || found.capabilities.has('sudo') || !needsSudo(asked)
    if (found.capabilities.has(wanted) && mayTouch && fits(asked, found)) continue
    throw await refused(asked, caller)
  }
  return actingCaller(context, caller)
}

/** Lists and deletions have no parameters that rules look at. */
function fits(
  { operation, query, body }: VaultContext,
  { parameters }: AddressPermissions,
): boolean {
  if (parameters === undefined || operation === 'list' || operation === 'delete') return true
  return parametersFit(parameters, operation === 'read' ? query : body)
}

/** With the parameter whose case does not count as it is kept. */
function foldedPath({ path, mount, route }: VaultContext): string {
  if (route?.folds === undefined) return path
  const below = path.slice(mount.path.length).split('/')
  const at = route.path.split('/').indexOf(`:${route.folds}`)
  return mount.path + below.map((part, i) => (i === at ? foldedName(part) : part)).join('/')
}

/**
 * The same for an address of a secret, before the Coffer decides about the secret itself: one action
 * of a Coffer is several addresses here, and a policy may tell one from another.
 */
export async function guardSecret(
  context: VaultContext,
  caller: Caller,
  meant: Awaited<ReturnType<LabelsMeant>>,
): Promise<void> {
  for (const labels of meant) {
    const found = await permissionsOf(context, caller, labels)
    const wanted = await capabilityOf(context, caller, found)
    if (found.capabilities.has(wanted) && fits(context, found)) continue
    throw await refused(context, caller)
  }
}

/** The caller with everything allowed: for what a guard has allowed, or the dialect itself does. */
export function actingCaller({ server }: VaultContext, { session, by }: Caller): Caller {
  const acting = { ...by, grants: { policies: ['admin'], roles: [] } }
  return { session, by: acting, coffer: server.gate.platform().as(session.actor, acting) }
}

/** What a caller may do at another address. */
export const permissionsFor = (
  { server }: VaultContext,
  { session }: Caller,
  address: string,
  options?: { readonly asList?: boolean; readonly labels?: readonly string[] | undefined },
): Promise<AddressPermissions> =>
  server.gate
    .platform()
    .vaultPermissions({ actor: session.actor, grants: session.grants }, address, options)

const permissionsOf = (
  context: VaultContext,
  caller: Caller,
  labels?: readonly string[],
): Promise<AddressPermissions> =>
  permissionsFor(context, caller, addressOf(context), {
    asList: context.operation === 'list',
    labels,
  })

/**
 * A list is asked of what ends in a slash and nothing else is, whatever the client wrote; and slashes
 * too many make no other address.
 */
function addressOf({ path, operation }: VaultContext): string {
  const single = path.replaceAll(/\/{2,}/g, '/')
  const closed = single.endsWith('/') ? single.slice(0, -1) : single
  return operation === 'list' ? `${closed}/` : closed
}

/** Making something is told from changing it where the address is of a thing. */
async function capabilityOf(
  context: VaultContext,
  caller: Caller,
  found: AddressPermissions,
): Promise<Capability> {
  const { operation, route } = context
  if (operation !== 'update') return operation
  const { capabilities } = found
  if (route?.exists === undefined || capabilities.has('create') === capabilities.has('update')) {
    return 'update'
  }
  const there = await route.exists({
    ...context,
    caller: async () => actingCaller(context, caller),
  })
  return there ? 'update' : 'create'
}

/** What takes `sudo` besides the capability. Source: "Sudo" of Vault's documentation. */
const SUDO: readonly RegExp[] = [
  /^auth\/token\/accessors\/?$/,
  /^auth\/token\/revoke-orphan$/,
  /^sys\/audit(?:\/|$)/,
  /^sys\/auth\/./,
  /^sys\/leases\/(?:lookup|revoke-prefix|revoke-force)\/./,
  /^sys\/(?:remount|rotate|seal|raw)(?:\/|$)/,
  /^sys\/config\/./,
]

const needsSudo = (context: VaultContext): boolean =>
  SUDO.some((one) => one.test(addressOf(context)))

async function refused(context: VaultContext, { session }: Caller): Promise<CofferError> {
  const { server, request } = context
  const { actor, token } = session
  const shown = shownAddress(context)
  await server.gate.platform().record([
    {
      actor,
      action: 'vault.request',
      outcome: 'denied',
      code: 'denied',
      resource: `vault:${shown}`,
      via: 'vault',
      request: request.id,
      address: request.ip,
      ...(token === undefined ? {} : { reason: `token ${token.accessor}` }),
    },
  ])
  return new CofferError('denied', `${actor} may not use ${shown}.`)
}

/** For logs and people; a token that came in the address is not shown. */
const shownAddress = (context: VaultContext): string =>
  addressOf(context).replaceAll(TOKEN, '*').slice(0, RESOURCE_CHARS_MAX).toWellFormed()

const TOKEN = /coffer_[0-9A-Za-z]{20,}/g
const RESOURCE_CHARS_MAX = 512
