import { isCofferError } from '../../../../../core/errors.ts'
import { everyItem } from '../../../../../core/paging.ts'
import type { SecretIdRecord, SecretIdSelector } from '../../../../../core/ports/identities.ts'
import type { JsonObject } from '../../../../../core/value.ts'
import { parseSeconds } from '../../duration.ts'
import { refuse } from '../../errors.ts'
import { intField, listField, textField, textsField } from '../../fields.ts'
import type { VaultAnswer, VaultContext, VaultHandler } from '../../route.ts'
import { mountName } from '../mount-name.ts'
import { refuseRootRole } from '../root-roles.ts'
import { cidrsShown, existingRole, roleName } from './role.ts'

/** `secret-id`: one that is made here. */
export const createSecretId: VaultHandler = (context) => created(context, undefined)

/** `custom-secret-id`: the client's own. */
export const createCustomSecretId: VaultHandler = (context) => {
  const secretId = textField(context.body, 'secret_id') ?? ''
  if (secretId === '') throw refuse(400, 'missing secret_id')
  return created(context, secretId)
}

export const listSecretIds: VaultHandler = async (context) => {
  const { name } = await existingRole(context)
  const { coffer } = await context.caller()
  const mount = mountName(context)
  const found = await everyItem((page) => coffer.identities.secretIds(mount, name, page))
  const keys = found.map(({ accessor }) => accessor).toSorted()
  return keys.length === 0 ? 'absent' : { data: { keys } }
}

export const lookupSecretId: VaultHandler = async (context) => {
  const found = await lookedUp(context, bySecretId(context))
  return found === undefined ? undefined : { data: shown(found) }
}

export const lookupAccessor: VaultHandler = async (context) => {
  const which = byAccessor(context)
  const found = await lookedUp(context, which)
  if (found !== undefined) return { data: shown(found) }
  throw refuse(
    404,
    `failed to find accessor entry for secret_id_accessor: ${JSON.stringify(which.accessor)}`,
  )
}

export const destroySecretId: VaultHandler = (context) =>
  destroyed(context, bySecretId(context), refuse(400, 'invalid secret id'))

export const destroyAccessor: VaultHandler = (context) =>
  destroyed(context, byAccessor(context), refuse(403, 'invalid secret id accessor'))

async function created(context: VaultContext, secretId: string | undefined): Promise<VaultAnswer> {
  const role = await existingRole(context)
  if (!role.bindSecretId) throw refuse(400, 'bind_secret_id is not set on the role')
  await refuseRootRole(context, role.token)
  const { body } = context
  const { coffer } = await context.caller()
  const uses = intField(body, 'num_uses')
  if (uses !== undefined && uses < 0) throw refuse(400, 'num_uses cannot be negative')
  const ttl = body['ttl'] === undefined ? undefined : parseSeconds('ttl', body['ttl'])
  const made = await coffer.identities.createSecretId(mountName(context), roleName(context), {
    secretId,
    metadata: metadataOf(body),
    ttlSeconds: ttl === 0 ? undefined : ttl,
    uses,
    cidrs: listField(body, 'cidr_list') ?? [],
    tokenBoundCidrs: listField(body, 'token_bound_cidrs') ?? [],
  })
  const { accessor, ttlSeconds, usesLeft } = made.record
  return {
    data: {
      secret_id: made.secretId.reveal(),
      secret_id_accessor: accessor,
      secret_id_num_uses: usesLeft,
      secret_id_ttl: ttlSeconds,
    },
  }
}

/** JSON text of an object, or the object. @throws VaultRefusal 400 */
function metadataOf(body: JsonObject): Record<string, string> {
  const given = body['metadata']
  if (given === undefined || given === null || given === '') return {}
  let metadata: unknown = given
  if (typeof given === 'string') {
    try {
      metadata = JSON.parse(given)
    } catch {
      throw refuse(400, 'failed to parse metadata: it is not JSON')
    }
  }
  return textsField({ metadata: metadata as JsonObject }, 'metadata') ?? {}
}

async function lookedUp(
  context: VaultContext,
  which: SecretIdSelector,
): Promise<SecretIdRecord | undefined> {
  const { name } = await existingRole(context)
  const { coffer } = await context.caller()
  return coffer.identities.secretId(mountName(context), name, which)
}

async function destroyed(
  context: VaultContext,
  which: SecretIdSelector,
  absent: Error,
): Promise<undefined> {
  const { name } = await existingRole(context)
  const { coffer } = await context.caller()
  try {
    await coffer.identities.destroySecretId(mountName(context), name, which)
  } catch (error) {
    throw isCofferError(error, 'not_found') ? absent : error
  }
}

function bySecretId({ body }: VaultContext): { secretId: string } {
  const secretId = textField(body, 'secret_id') ?? ''
  if (secretId === '') throw refuse(400, 'missing secret_id')
  return { secretId }
}

function byAccessor({ body, params }: VaultContext): { accessor: string } {
  const accessor = textField(body, 'secret_id_accessor') ?? params['accessor'] ?? ''
  if (accessor === '') throw refuse(400, 'missing secret_id_accessor')
  return { accessor }
}

const shown = (record: SecretIdRecord): JsonObject => ({
  cidr_list: cidrsShown(record.cidrs) ?? [],
  creation_time: new Date(record.createdAt).toISOString(),
  expiration_time:
    record.expiresAt === undefined ? NEVER : new Date(record.expiresAt).toISOString(),
  last_updated_time: new Date(record.updatedAt).toISOString(),
  metadata: { ...record.metadata },
  secret_id_accessor: record.accessor,
  secret_id_num_uses: record.usesLeft,
  secret_id_ttl: record.ttlSeconds,
  token_bound_cidrs: cidrsShown(record.tokenBoundCidrs) ?? [],
})

/** As Go writes an instant that there is not. */
const NEVER = '0001-01-01T00:00:00Z'
