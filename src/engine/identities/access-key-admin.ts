import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { AccessKeyInput, AccessKeyRecord, IdentityAdmin } from '../../core/ports/identities.ts'
import { textSecret } from '../../core/secret.ts'
import { checkActor } from '../actors.ts'
import { requireAudited } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { mustBeThere, names, policiesExist } from '../known-names.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { sealAccessKey } from './access-key.ts'
import { checkDisplayName } from './checks.ts'
import { newAccessKeyId, newSecretAccessKey } from './made.ts'
import { credentialPage } from './page.ts'
import { ROWS } from './rows.ts'
import type { AccessKeyRow } from './rows.ts'

type AccessKeyAdmin = Pick<
  IdentityAdmin,
  'createAccessKey' | 'accessKeys' | 'updateAccessKey' | 'deleteAccessKey'
>

const ALL = 'access-key:*'

/** Access keys for one actor: needs `admin` on `access-key:ID`, or on `access-key:*` to make one. */
export function createAccessKeyAdmin(context: EngineContext, origin: Origin): AccessKeyAdmin {
  return {
    createAccessKey(input) {
      const attempt = { action: 'access-key.create', resource: ALL } as const
      return transact(context, origin, attempt, async (tx) => {
        tx.require('admin', ALL)
        const record = await recordOf(tx, newAccessKeyId(context.random), input)
        const secret = newSecretAccessKey(context.random)
        const resource = `access-key:${record.id}`
        const generation = await tx.record({ action: 'access-key.create', resource })
        const row: AccessKeyRow = { record, sealed: sealAccessKey(context, record.id, secret) }
        await tx.putNamed('credential', ROWS.accessKey(record.id), generation, row)
        return { record, secretAccessKey: textSecret(resource, secret) }
      })
    },
    async accessKeys(query = {}) {
      await requireAudited(context, origin, 'admin', ALL, 'identity.list')
      const shown = ({ record }: AccessKeyRow) => record
      return credentialPage(context, ROWS.accessKey(''), query, shown)
    },
    updateAccessKey: (id, { disabled }) =>
      change(context, origin, 'access-key.update', id, (row) => {
        if (typeof disabled === 'boolean') return { ...row, record: { ...row.record, disabled } }
        throw new CofferError('invalid_argument', 'disabled is true or false.')
      }),
    async deleteAccessKey(id) {
      await change(context, origin, 'access-key.delete', id, () => undefined)
    },
  }
}

async function recordOf(
  tx: Transaction,
  id: string,
  input: AccessKeyInput,
): Promise<AccessKeyRecord> {
  const policies = names('policies', input.policies ?? [])
  const roles = names('roles', input.roles ?? [])
  const hasOwn = input.policies !== undefined || input.roles !== undefined
  const actor = input.actor === undefined ? undefined : checkActor(input.actor)
  if (actor === undefined && !hasOwn) {
    throw new CofferError('invalid_argument', 'An access key needs policies, roles or an actor.')
  }
  if (actor !== undefined) tx.require('admin', `actor:${actor}`)
  if (actor !== undefined && !hasOwn) await mustBeThere(tx, 'actor', actor)
  if (input.unknownPolicies !== 'keep') await policiesExist(tx, policies)
  for (const role of roles) await mustBeThere(tx, 'role', role)
  const ttl = wholeNumber('ttlSeconds', input.ttlSeconds ?? 0, 0, LIMITS.tokenTtlSecondsMax)
  return {
    id,
    actor: actor ?? `access-key:${id}`,
    grants: hasOwn ? { policies, roles } : undefined,
    createdAt: tx.now,
    expiresAt: ttl === 0 ? undefined : tx.now + ttl * 1_000,
    disabled: false,
    displayName: checkDisplayName('displayName', input.displayName ?? 'access key'),
  }
}

/** `undefined` from `next` removes it. @throws `denied`, `not_found` */
function change(
  context: EngineContext,
  origin: Origin,
  action: 'access-key.update' | 'access-key.delete',
  input: string,
  next: (row: AccessKeyRow) => AccessKeyRow | undefined,
): Promise<AccessKeyRecord> {
  const id = checkId(input)
  const resource = `access-key:${id}`
  return transact(context, origin, { action, resource }, async (tx) => {
    tx.require('admin', resource)
    const row = await tx.named<AccessKeyRow>('credential', ROWS.accessKey(id))
    if (row === undefined) throw new CofferError('not_found', `There is no access key ${id}.`)
    const changed = next(row)
    const generation = await tx.record({ action, resource })
    await tx.putNamed('credential', ROWS.accessKey(id), generation, changed)
    return (changed ?? row).record
  })
}

function checkId(input: unknown): string {
  if (typeof input === 'string' && /^[A-Z0-9]{16,32}$/.test(input)) return input
  throw new CofferError('invalid_argument', 'An access key id looks like AKIA… with 20 characters.')
}
