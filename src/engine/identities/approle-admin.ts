import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { AppRole, AppRoleInput, IdentityAdmin } from '../../core/ports/identities.ts'
import { requireAudited } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { checkCidrs, checkDisplayName, checkMount, checkRoleName } from './checks.ts'
import { credentialsOf } from './listing.ts'
import { hashOf, newUuid } from './made.ts'
import { ROWS } from './rows.ts'
import type { AppRoleRow, RoleIdRow } from './rows.ts'
import { changedSettings, definedOnly, PLAIN_TOKENS } from './token-settings.ts'
import { closeVaultMount, openVaultMount } from './vault-mount.ts'

type AppRoleAdmin = Pick<IdentityAdmin, 'putAppRole' | 'appRole' | 'appRoles' | 'deleteAppRole'>

/** Roles that machines log in to. Needs `admin` on `approle:MOUNT/NAME`. */
export function createAppRoleAdmin(context: EngineContext, origin: Origin): AppRoleAdmin {
  return {
    putAppRole: (input) => put(context, origin, input),
    async appRole(mount, name) {
      const row = ROWS.appRole(checkMount(mount), checkRoleName(name))
      await requireAudited(context, origin, 'admin', resourceOf(mount, name), 'identity.list')
      return (await context.credentials<AppRoleRow>(row))?.role
    },
    async appRoles(mount) {
      const prefix = ROWS.appRole(checkMount(mount), '')
      await requireAudited(context, origin, 'admin', resourceOf(mount, '*'), 'identity.list')
      const rows = await credentialsOf<AppRoleRow>(context, prefix)
      return [...rows.values()].map(({ role }) => role)
    },
    async deleteAppRole(mount, name) {
      const row = ROWS.appRole(checkMount(mount), checkRoleName(name))
      const facts = { action: 'approle.delete', resource: resourceOf(mount, name) } as const
      await transact(context, origin, facts, async (tx) => {
        tx.require('admin', facts.resource)
        const before = await tx.named<AppRoleRow>('credential', row)
        if (before === undefined) throw noSuchRole(mount, name)
        const generation = await tx.record(facts)
        const roleId = ROWS.roleId(mount, hashOf(before.role.roleId))
        await tx.putNamed('credential', row, generation, undefined)
        await tx.putNamed('credential', roleId, generation, undefined)
        if (!(await hasRoles(tx, mount))) await closeVaultMount(tx, mount, 'approle')
      })
    },
  }
}

export const resourceOf = (mount: string, name: string): string => `approle:${mount}/${name}`

export const noSuchRole = (mount: string, name: string) =>
  new CofferError('not_found', `There is no login role ${mount}/${name}.`, {
    remedy: 'Make it with `coffer role create`.',
  })

function put(context: EngineContext, origin: Origin, input: AppRoleInput): Promise<AppRole> {
  const mount = checkMount(input.mount)
  const name = checkRoleName(input.name)
  const facts = { action: 'approle.write', resource: resourceOf(mount, name) } as const
  return transact(context, origin, facts, async (tx) => {
    tx.require('admin', facts.resource)
    const before = await tx.named<AppRoleRow>('credential', ROWS.appRole(mount, name))
    const role = await changed(tx, before?.role ?? newRole(context, mount, name), input)
    const hash = hashOf(role.roleId)
    const holder = await tx.named<RoleIdRow>('credential', ROWS.roleId(mount, hash))
    if (holder !== undefined && holder.role !== name) {
      throw new CofferError('already_exists', 'Another role has this role id.')
    }
    const generation = await tx.record(facts)
    if (before !== undefined && before.role.roleId !== role.roleId) {
      const old = ROWS.roleId(mount, hashOf(before.role.roleId))
      await tx.putNamed('credential', old, generation, undefined)
    }
    const row: AppRoleRow = { role, born: before?.born ?? newUuid(context.random) }
    const pointer: RoleIdRow = { role: name }
    await tx.putNamed('credential', ROWS.appRole(mount, name), generation, row)
    await tx.putNamed('credential', ROWS.roleId(mount, hash), generation, pointer)
    await openVaultMount(tx, mount, 'approle')
    return role
  })
}

async function hasRoles({ rows }: Transaction, mount: string): Promise<boolean> {
  const from = ROWS.appRole(mount, '')
  const range = { kind: 'credential', from, before: `${from}\u{10FFFF}`, limit: 1 } as const
  return (await rows.heads(range)).length > 0
}

const newRole = ({ random }: EngineContext, mount: string, name: string): AppRole => ({
  mount,
  name,
  roleId: newUuid(random),
  bindSecretId: true,
  secretIdTtlSeconds: 0,
  secretIdUses: 0,
  secretIdBoundCidrs: [],
  token: PLAIN_TOKENS,
})

/** @throws `invalid_argument`, `denied`, `not_found` */
async function changed(tx: Transaction, before: AppRole, input: AppRoleInput): Promise<AppRole> {
  const { token, unknownPolicies, ...given } = input
  const asked = { ...before, ...definedOnly(given) }
  const role: AppRole = {
    mount: before.mount,
    name: before.name,
    roleId: checkDisplayName('roleId', asked.roleId),
    bindSecretId: asked.bindSecretId,
    secretIdTtlSeconds: wholeNumber(
      'secretIdTtlSeconds',
      asked.secretIdTtlSeconds,
      0,
      LIMITS.tokenTtlSecondsMax,
    ),
    secretIdUses: wholeNumber('secretIdUses', asked.secretIdUses, 0, LIMITS.tokenUsesMax),
    secretIdBoundCidrs: checkCidrs('secretIdBoundCidrs', asked.secretIdBoundCidrs),
    token: await changedSettings(tx, before.token, token, unknownPolicies),
  }
  const isBound = role.secretIdBoundCidrs.length > 0 || role.token.boundCidrs.length > 0
  if (!role.bindSecretId && !isBound) {
    throw new CofferError(
      'invalid_argument',
      'A role without secret ids must be bound to addresses.',
    )
  }
  return role
}
