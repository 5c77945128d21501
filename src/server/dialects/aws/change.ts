import type { ErrorCode } from '../../../core/errors.ts'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import type { AuditAction } from '../../../core/event.ts'
import type { Action } from '../../../core/policy/policy.ts'
import type { SecretRecord } from '../../../core/record.ts'
import type { Call } from './call.ts'
import type { AwsFault } from './errors/fault.ts'
import { faults } from './errors/faults.ts'
import { isMeant, notFound, targetOf } from './names/target.ts'

/** How often a change is tried again that another process was faster with. */
const TRIES_MAX = 50

type ChangeAction = Action & AuditAction

/**
 * Changes a secret by what is known of it: `step` is run with the record, and again with the newer
 * one when its compare-and-set met a `conflict`.
 * @throws AwsFault `ResourceNotFoundException`, to those only who may do such a thing there
 */
export async function changeSecret<T>(
  call: Call,
  secretId: string,
  action: ChangeAction,
  step: (record: SecretRecord) => Promise<T>,
): Promise<T> {
  const target = targetOf(secretId, call)
  return call.dialect.turns.take(target.path, async () => {
    for (let tries = 1; ; tries++) {
      const record = await call.platform.peek(target.path)
      if (record === undefined || !isMeant(target, record.id)) {
        return refuse(call, target.path, action, 'not_found', notFound(target))
      }
      try {
        return await step(record)
      } catch (error) {
        if (!isCofferError(error, 'conflict') || tries === TRIES_MAX) throw error
      }
    }
  })
}

/** The same for what cannot be done to a secret that is scheduled for deletion. */
export const changeLiveSecret = <T>(
  call: Call,
  secretId: string,
  action: ChangeAction,
  step: (record: SecretRecord) => Promise<T>,
): Promise<T> =>
  changeSecret(call, secretId, action, async (record) =>
    record.deletedAt === undefined
      ? step(record)
      : refuse(call, record.path, action, 'deleted', faults.markedForDeletion()),
  )

/**
 * Fails with a fault that tells something of a secret. Who may not do this there gets a denial
 * instead; either is audited. `labels`: those it is about; default `current`.
 */
export async function refuse(
  { platform, by }: Call,
  path: string,
  action: ChangeAction,
  code: ErrorCode,
  fault: AwsFault,
  labels?: readonly string[],
): Promise<never> {
  const record = by.refuses === undefined ? undefined : await platform.peek(path)
  const failure = denialBy(by, record, action) ?? new CofferError(code, fault.message)
  try {
    await platform.permit(by, action, path, action, failure, labels)
  } catch (error) {
    if (error !== failure || failure.code === 'denied') throw error
  }
  throw fault
}

/**
 * Lets go on who may do this there, where it changes nothing of the store: what was done already. Audited.
 * `label`: which one it is about. @throws CofferError `denied`
 */
export async function permitted(
  { platform, by }: Call,
  record: SecretRecord,
  action: ChangeAction,
  label: string,
): Promise<void> {
  const denial = denialBy(by, record, action)
  await platform.permit(by, action, record.path, action, denial, [label])
}

/** What a secret's resource policy says to it. */
function denialBy(
  by: Call['by'],
  record: SecretRecord | undefined,
  action: ChangeAction,
): CofferError | undefined {
  if (record === undefined || by.refuses?.(record, action) !== true) return undefined
  const details = { actor: by.actor, action, resource: record.path, explicitly: true }
  return new CofferError('denied', `${by.actor} may not ${action} ${record.path}.`, { details })
}
