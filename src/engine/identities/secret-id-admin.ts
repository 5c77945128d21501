import { createHmac } from 'node:crypto'
import { isBlockWithin } from '../../core/cidr.ts'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type {
  AppRole,
  IdentityAdmin,
  SecretIdInput,
  SecretIdRecord,
  SecretIdSelector,
} from '../../core/ports/identities.ts'
import { textSecret } from '../../core/secret.ts'
import { associatedData } from '../../crypto/framing.ts'
import { allows, denied } from '../access.ts'
import { requireAudited } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { noSuchRole, resourceOf } from './approle-admin.ts'
import { checkCidrs, checkDisplayName, checkMetadata, checkMount, checkRoleName } from './checks.ts'
import { newAccessor, newUuid } from './made.ts'
import { credentialPage } from './page.ts'
import { ROWS } from './rows.ts'
import type { AccessorRow, AppRoleRow, Find, SecretIdRow } from './rows.ts'

type SecretIdAdmin = Pick<
  IdentityAdmin,
  'createSecretId' | 'secretId' | 'secretIds' | 'destroySecretId'
>

/**
 * Secret ids of roles. Needs `admin` on `approle:MOUNT/NAME`; to make one, `write` is enough: who
 * hands them out need not be able to change the role.
 */
export function createSecretIdAdmin(context: EngineContext, origin: Origin): SecretIdAdmin {
  const admin = (mount: string, role: string) =>
    requireAudited(context, origin, 'admin', resourceOf(mount, role), 'identity.list')
  return {
    createSecretId: (mount, role, input = {}) => create(context, origin, mount, role, input),
    async secretId(mount, role, which) {
      const found = await rolesOwn(context, context.credentials, mount, role, which)
      await admin(mount, role)
      return isLive(found?.row, context.clock()) ? found?.row.record : undefined
    },
    async secretIds(mount, role, query = {}) {
      const born = await context.credentials<AppRoleRow>(
        ROWS.appRole(checkMount(mount), checkRoleName(role)),
      )
      await admin(mount, role)
      if (born === undefined) throw noSuchRole(mount, role)
      const now = context.clock()
      const shown = (row: SecretIdRow) =>
        row.born === born.born && isLive(row, now) ? row.record : undefined
      return credentialPage(context, ROWS.secretId(mount, role, ''), query, shown)
    },
    async destroySecretId(mount, role, which) {
      checkMount(mount)
      const resource = resourceOf(mount, checkRoleName(role))
      await transact(context, origin, { action: 'secret-id.destroy', resource }, async (tx) => {
        tx.require('admin', resource)
        const find: Find = (name) => tx.named('credential', name)
        const found = await rolesOwn(context, find, mount, role, which)
        if (found === undefined) {
          throw new CofferError('not_found', 'There is no such secret id.')
        }
        const { accessor } = found.row.record
        const reason = `accessor ${accessor}`
        const generation = await tx.record({ action: 'secret-id.destroy', resource, reason })
        await removeSecretId(tx, found.row, found.hash, generation)
      })
    },
  }
}

/** What a secret id is found by; a custom one may have too little entropy for a plain hash. */
export const secretIdHash = (
  { keys }: EngineContext,
  mount: string,
  role: string,
  secretId: string,
): string =>
  createHmac('sha256', keys.keyring.secretIdKey)
    .update(associatedData('coffer/v1/secret-id', mount, role, secretId))
    .digest('hex')

/** Both of its rows. */
export async function removeSecretId(
  tx: Transaction,
  { mount, role, record: { accessor } }: SecretIdRow,
  hash: string,
  generation: number,
): Promise<void> {
  const pointer = ROWS.secretIdAccessor(mount, role, accessor)
  await tx.putNamed('credential', ROWS.secretId(mount, role, hash), generation, undefined)
  await tx.putNamed('credential', pointer, generation, undefined)
}

export const isLive = (row: SecretIdRow | undefined, now: number): row is SecretIdRow =>
  row !== undefined && (row.record.expiresAt === undefined || row.record.expiresAt > now)

function create(
  context: EngineContext,
  origin: Origin,
  mount: string,
  role: string,
  input: SecretIdInput,
): ReturnType<SecretIdAdmin['createSecretId']> {
  checkMount(mount)
  const resource = resourceOf(mount, checkRoleName(role))
  return transact(context, origin, { action: 'secret-id.create', resource }, async (tx) => {
    const may = (action: 'admin' | 'write') =>
      allows(tx.access, { action, path: resource, at: tx.now }).allowed
    if (!may('write') && !may('admin')) throw denied(origin.actor, 'write', resource)
    const found = await tx.named<AppRoleRow>('credential', ROWS.appRole(mount, role))
    if (found === undefined) throw noSuchRole(mount, role)
    const secretId = checkDisplayName('secretId', input.secretId ?? newUuid(context.random))
    const hash = secretIdHash(context, mount, role, secretId)
    const record = recordOf(tx, found.role, newAccessor(context.random), input)
    const before = await tx.named<SecretIdRow>('credential', ROWS.secretId(mount, role, hash))
    if (before?.born === found.born && isLive(before, tx.now)) {
      throw new CofferError('already_exists', 'The role has this secret id already.')
    }
    const reason = `accessor ${record.accessor}`
    const generation = await tx.record({ action: 'secret-id.create', resource, reason })
    if (before !== undefined) await removeSecretId(tx, before, hash, generation)
    const row: SecretIdRow = { record, mount, role, born: found.born }
    const pointer: AccessorRow = { hash }
    const accessorName = ROWS.secretIdAccessor(mount, role, record.accessor)
    await tx.putNamed('credential', ROWS.secretId(mount, role, hash), generation, row)
    await tx.putNamed('credential', accessorName, generation, pointer)
    return { secretId: textSecret(`secret-id:${record.accessor}`, secretId), record }
  })
}

/** Never more than the role allows. @throws `invalid_argument` */
function recordOf(
  tx: Transaction,
  role: AppRole,
  accessor: string,
  input: SecretIdInput,
): SecretIdRecord {
  const within = (name: string, asked: number | undefined, most: number, max: number): number => {
    const value = wholeNumber(name, asked ?? most, 0, max)
    if (most === 0 || (value > 0 && value <= most)) return value
    throw new CofferError('invalid_argument', `${name} is more than the role's, which is ${most}.`)
  }
  const ttlSeconds = within(
    'ttlSeconds',
    input.ttlSeconds,
    role.secretIdTtlSeconds,
    LIMITS.tokenTtlSecondsMax,
  )
  const tokenBoundCidrs = checkCidrs('tokenBoundCidrs', input.tokenBoundCidrs ?? [])
  const cidrs = checkCidrs('cidrs', input.cidrs ?? [])
  refuseOutside('tokenBoundCidrs', tokenBoundCidrs, role.token.boundCidrs)
  refuseOutside('cidrs', cidrs, role.secretIdBoundCidrs)
  return {
    accessor,
    createdAt: tx.now,
    updatedAt: tx.now,
    expiresAt: ttlSeconds === 0 ? undefined : tx.now + ttlSeconds * 1_000,
    ttlSeconds,
    usesLeft: within('uses', input.uses, role.secretIdUses, LIMITS.tokenUsesMax),
    metadata: checkMetadata(input.metadata ?? {}),
    cidrs,
    tokenBoundCidrs,
  }
}

function refuseOutside(what: string, asked: readonly string[], allowed: readonly string[]): void {
  if (allowed.length === 0 || asked.every((block) => isBlockWithin(block, allowed))) return
  throw new CofferError('invalid_argument', `${what} are not within those of the role.`)
}

/** A secret id of this very role, not of an earlier one of its name. */
async function rolesOwn(
  context: EngineContext,
  find: Find,
  mount: string,
  role: string,
  which: SecretIdSelector,
): Promise<{ readonly hash: string; readonly row: SecretIdRow } | undefined> {
  checkMount(mount)
  checkRoleName(role)
  const hash =
    'secretId' in which
      ? secretIdHash(context, mount, role, which.secretId.toWellFormed())
      : (await find<AccessorRow>(ROWS.secretIdAccessor(mount, role, which.accessor)))?.hash
  if (hash === undefined) return undefined
  const row = await find<SecretIdRow>(ROWS.secretId(mount, role, hash))
  const owner = await find<AppRoleRow>(ROWS.appRole(mount, role))
  return row !== undefined && row.born === owner?.born ? { hash, row } : undefined
}
