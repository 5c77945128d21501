import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { CreatedToken, Identities, Presented } from '../../core/ports/identities.ts'
import { auditFailure } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { resourceOf } from './approle-admin.ts'
import { checkMount } from './checks.ts'
import { mayComeFrom } from './live-token.ts'
import { hashOf, newAccessor } from './made.ts'
import { ROWS } from './rows.ts'
import type { AppRoleRow, Find, RoleIdRow, SecretIdRow } from './rows.ts'
import { isLive, removeSecretId, secretIdHash } from './secret-id-admin.ts'
import { bearerOfRole, loginToken } from './token-settings.ts'

type Login = Parameters<Identities['loginAppRole']>[0]

/**
 * A token for a role id and a secret id. Whatever is wrong, the answer is the same and is audited.
 * @throws `unauthenticated`
 */
export async function loginAppRole(
  context: EngineContext,
  input: Login,
  from: Presented,
): Promise<CreatedToken> {
  const mount = checkMount(input.mount)
  const { address, via, request } = from
  const holder = await holderOf(context.credentials, mount, input.roleId)
  const actor = holder === undefined ? 'unknown:approle' : actorOfRole(mount, holder.role.name)
  const origin: Origin = { actor, address, via, request }
  const resource = resourceOf(mount, holder?.role.name ?? '*')
  const attempt = { action: 'login', resource } as const
  // Looked at before a transaction is begun: strangers do not make writers wait.
  if (
    holder === undefined ||
    (await proven(context, context.credentials, input, from)) === undefined
  ) {
    const error = refused()
    await auditFailure(context, origin, attempt, error)
    throw error
  }
  return transact(context, origin, attempt, async (tx) => {
    const find: Find = (name) => tx.named('credential', name)
    const found = await proven(context, find, input, from)
    if (found === undefined) throw refused()
    const { role, secret } = found
    const accessor = newAccessor(context.random)
    const generation = await tx.record({ ...attempt, reason: `token ${accessor}` })
    if (secret !== undefined) await takeUse(tx, secret, generation)
    const bound = secret?.row.record.tokenBoundCidrs ?? []
    return loginToken(context, tx, generation, role.token, {
      ...bearerOfRole(role.token, actorOfRole(mount, role.name)),
      accessor,
      displayName: mount,
      path: `auth/${mount}/login`,
      metadata: { ...secret?.row.record.metadata, role_name: role.name },
      boundCidrs: bound.length > 0 ? bound : role.token.boundCidrs,
    })
  })
}

/** `approle:ci`; of another mount `approle:gitlab/ci`. */
export const actorOfRole = (mount: string, role: string): string =>
  mount === 'approle' ? `approle:${role}` : `approle:${mount}/${role}`

const refused = () => new CofferError('unauthenticated', 'The role id or secret id is not valid.')

async function holderOf(
  find: Find,
  mount: string,
  roleId: unknown,
): Promise<AppRoleRow | undefined> {
  if (typeof roleId !== 'string' || roleId.length > LIMITS.bearerCharsMax) return undefined
  const pointer = await find<RoleIdRow>(ROWS.roleId(mount, hashOf(roleId)))
  return pointer && find<AppRoleRow>(ROWS.appRole(mount, pointer.role))
}

interface Proven {
  readonly role: AppRoleRow['role']
  /** Absent where the role needs none. */
  readonly secret?: FoundSecretId
}

interface FoundSecretId {
  readonly row: SecretIdRow
  readonly hash: string
}

/** The role with the secret id that was shown, when both are good here and now. */
async function proven(
  context: EngineContext,
  find: Find,
  { mount, roleId, secretId }: Login,
  { address }: Presented,
): Promise<Proven | undefined> {
  const holder = await holderOf(find, mount, roleId)
  if (holder === undefined) return undefined
  const { role, born } = holder
  if (!mayComeFrom(role.secretIdBoundCidrs, address)) return undefined
  if (!role.bindSecretId) return mayComeFrom(role.token.boundCidrs, address) ? { role } : undefined
  if (typeof secretId !== 'string' || secretId.length > LIMITS.bearerCharsMax) return undefined
  const hash = secretIdHash(context, mount, role.name, secretId.toWellFormed())
  const row = await find<SecretIdRow>(ROWS.secretId(mount, role.name, hash))
  if (!isLive(row, context.clock()) || row.born !== born) return undefined
  return mayComeFrom(row.record.cidrs, address) ? { role, secret: { row, hash } } : undefined
}

/** The last one removes it. */
async function takeUse(
  tx: Transaction,
  { row, hash }: FoundSecretId,
  generation: number,
): Promise<void> {
  const { record, mount, role } = row
  if (record.usesLeft === 1) return removeSecretId(tx, row, hash, generation)
  if (record.usesLeft === 0) return undefined
  const used: SecretIdRow = {
    ...row,
    record: { ...record, usesLeft: record.usesLeft - 1, updatedAt: tx.now },
  }
  return tx.putNamed('credential', ROWS.secretId(mount, role, hash), generation, used)
}
