import { CofferError, isCofferError } from '../../core/errors.ts'
import type { AuditAction } from '../../core/event.ts'
import { CURRENT, labelsOf } from '../../core/label.ts'
import { LIMITS } from '../../core/limits.ts'
import { canonicalPath } from '../../core/path.ts'
import type { Action } from '../../core/policy/policy.ts'
import type { Coffer, VersionChange, WriteInput } from '../../core/ports/coffer.ts'
import type { SecretRecord } from '../../core/record.ts'
import { generateValue } from '../../core/types/generate.ts'
import { encodeValue } from '../../core/value.ts'
import { refuseByOrigin } from '../access.ts'
import { BREATHE_EVERY, breathe } from '../breathe.ts'
import type { EngineContext, Origin } from '../context.ts'
import type { EventFacts, Transaction } from '../transaction.ts'
import { mustExist, transact } from '../transaction.ts'
import {
  rolledBack,
  softDeleted,
  undeleted,
  withLabel,
  withMetadata,
  withVersionChange,
  withoutVersions,
} from './change.ts'
import { wholeNumber } from './numbers.ts'
import type { NewVersion } from './write.ts'
import { addSecret, addVersion, conflict, requireEach } from './write.ts'

/** What changes secrets. Loaded at the first change: a program that only reads never does. */
export type Changes = Pick<
  Coffer,
  | 'write'
  | 'writeMany'
  | 'rotate'
  | 'update'
  | 'updateVersion'
  | 'label'
  | 'rollback'
  | 'delete'
  | 'undelete'
  | 'destroy'
  | 'purge'
>

export function createChanges(context: EngineContext, origin: Origin): Changes {
  /** One existing secret changed by a pure step; the rest is the same for all of them. */
  const change = async (
    input: string,
    action: Action & AuditAction,
    facts: Partial<EventFacts>,
    step: (record: SecretRecord, tx: Transaction) => SecretRecord | Promise<SecretRecord>,
    meant: Meant = CURRENT_ONLY,
  ): Promise<SecretRecord> => {
    const path = canonicalPath(input)
    return transact(context, origin, { action, resource: path }, async (tx) => {
      const record = await allowedRecord(tx, action, path, meant)
      refuseByOrigin(origin, action, record)
      const stepped = await step(record, tx)
      const generation = await tx.record({ action, resource: path, ...facts })
      const next = { ...stepped, revision: record.revision + 1, generation, updatedAt: tx.now }
      await tx.putSecret(next)
      return next
    })
  }

  const erased = async <T>(done: Promise<T>): Promise<T> => {
    const value = await done
    await context.store.scrub()
    return value
  }

  return {
    async write(input, write) {
      const path = canonicalPath(input)
      const version = newVersion(write)
      return transact(context, origin, { action: 'write', resource: path }, (tx) =>
        addVersion(tx, context, origin, path, version),
      )
    },

    async writeMany(items) {
      if (items.length > LIMITS.writeManyMax) {
        throw new CofferError('limit_exceeded', `At most ${LIMITS.writeManyMax} writes at once.`)
      }
      const writes = items.map(({ path, input }) => ({
        path: canonicalPath(path),
        version: versionAt(path, input),
      }))
      // When it fails as a whole, its event names the write that failed.
      const attempt = { action: 'write' as const, resource: writes[0]?.path ?? '**' }
      return transact(context, origin, attempt, async (tx) => {
        const receipts = []
        for (const { path, version } of writes) {
          attempt.resource = path
          const adding = addVersion(tx, context, origin, path, version)
          receipts.push(await adding.catch((error: unknown) => Promise.reject(naming(path, error))))
          if (receipts.length % BREATHE_EVERY === 0) await breathe()
        }
        return receipts
      })
    },

    async rotate(input, options = {}) {
      const path = canonicalPath(input)
      return transact(context, origin, { action: 'rotate', resource: path }, async (tx) => {
        const { length, labels, token } = options
        requireEach(tx, 'rotate', path, labels ?? [CURRENT])
        mustExist(await tx.secret(path), path)
        return addVersion(tx, context, origin, path, {
          action: 'rotate',
          ...(labels === undefined ? {} : { labels }),
          token,
          value: ({ type }) => encodeValue(generateValue(type, { length }, context.random)),
        })
      })
    },

    async update(input, metadata, { ifRevision } = {}) {
      if (ifRevision === 0) {
        const path = canonicalPath(input)
        const attempt = { action: 'update', resource: path } as const
        return transact(context, origin, attempt, (tx) => addSecret(tx, context, path, metadata))
      }
      return change(input, 'update', {}, (record, tx) => {
        if (ifRevision !== undefined && ifRevision !== record.revision) {
          throw conflict(record.path, 'revision', ifRevision, record.revision)
        }
        return withMetadata(tx, context, record, metadata)
      })
    },
    updateVersion: (path, version, validity) =>
      change(
        path,
        actionOf(validity),
        { version },
        (record, tx) => withVersionChange(record, version, validity, tx.now),
        versionsMeant([version]),
      ),
    label: (path, labelled) =>
      change(
        path,
        'label',
        {
          label: labelled.label,
          ...(labelled.to === undefined ? {} : { version: labelled.to }),
        },
        (record) => withLabel(record, labelled),
        () => [[labelled.label]],
      ),
    rollback: (path, to) =>
      change(path, 'label', { label: 'current', version: to, reason: 'rollback' }, (record) =>
        rolledBack(record, to),
      ),

    delete: (path, options = {}) =>
      change(
        path,
        'delete',
        {},
        (record, tx) => softDeleted(record, tx.now, options.recoveryDays),
        everyLabel,
      ),
    undelete: (path) => change(path, 'undelete', {}, undeleted),
    async destroy(path, input) {
      const versions = versionNumbers(input)
      const facts = { reason: `versions ${versions.join(', ')}` }
      const step = (record: SecretRecord, tx: Transaction) => withoutVersions(tx, record, versions)
      return erased(change(path, 'destroy', facts, step, versionsMeant(versions)))
    },
    async purge(input) {
      const path = canonicalPath(input)
      return erased(
        transact(context, origin, { action: 'purge', resource: path }, (tx) =>
          purge(tx, path, origin),
        ),
      )
    },
  }
}

/** Removes a secret and every version of it, inside a transaction. Needs `destroy`. */
export async function purge(tx: Transaction, path: string, origin?: Origin): Promise<void> {
  const record = await allowedRecord(tx, 'destroy', path, everyVersion)
  if (origin !== undefined) refuseByOrigin(origin, 'destroy', record)
  for (const { number } of record.versions) await tx.rows.removeVersion(record.id, number)
  await tx.record({ action: 'purge', resource: path })
  await tx.removeSecret(path)
}

/** The labels of the versions that a call is about, one set for each, for the policy to judge. */
type Meant = (found: SecretRecord | undefined) => readonly (readonly string[])[]

const CURRENT_ONLY: Meant = () => [[CURRENT]]

const everyLabel: Meant = (found) => [
  [CURRENT],
  ...Object.keys(found?.labels ?? {}).map((label) => [label]),
]

const versionsMeant =
  (numbers: readonly number[]): Meant =>
  (found) =>
    found === undefined || numbers.length === 0
      ? [[CURRENT]]
      : numbers.map((number) => labelsOf(found, number))

const everyVersion: Meant = (found) =>
  versionsMeant(found?.versions.map((version) => version.number) ?? [])(found)

/** Who is not allowed learns neither that it is absent nor that it is damaged. */
async function allowedRecord(
  tx: Transaction,
  action: Action,
  path: string,
  meant: Meant,
): Promise<SecretRecord> {
  const [looked] = await Promise.allSettled([tx.secret(path)])
  const found = looked.status === 'fulfilled' ? looked.value : undefined
  const manner = { exists: await tx.has(path) }
  for (const labels of meant(found)) tx.require(action, path, labels, manner)
  return mustExist(looked.status === 'fulfilled' ? found : await tx.secret(path), path)
}

/** @throws CofferError `invalid_argument`, `limit_exceeded` */
function versionNumbers(input: readonly number[]): number[] {
  if (!Array.isArray(input) || input.length === 0) {
    throw new CofferError('invalid_argument', 'Name the versions to destroy by their numbers.')
  }
  if (input.length > LIMITS.versionsMax) {
    throw new CofferError('limit_exceeded', `At most ${LIMITS.versionsMax} versions at once.`)
  }
  return input.map((number) => wholeNumber('version', number, 1, Number.MAX_SAFE_INTEGER))
}

function newVersion(input: WriteInput): NewVersion {
  if (input.mergePatch !== undefined && input.value !== undefined) {
    throw new CofferError('invalid_argument', 'Give a value or a mergePatch, not both.')
  }
  const encoded = input.value === undefined ? undefined : encodeValue(input.value)
  return { ...input, action: 'write', value: () => encoded }
}

function versionAt(path: string, input: WriteInput): NewVersion {
  try {
    return newVersion(input)
  } catch (error) {
    throw naming(path, error)
  }
}

/** Of many values, the one that is refused is named. */
function naming(path: string, error: unknown): unknown {
  if (!isCofferError(error, 'invalid_value') && !isCofferError(error, 'too_large')) return error
  const { code, message, remedy, details } = error
  return new CofferError(code, `${path}: ${message}`, { remedy, details, cause: error })
}

/** Deleting a version, or bringing it back, is an action of its own when nothing else changes. */
function actionOf({ deleted, ...others }: VersionChange): 'update' | 'delete' | 'undelete' {
  const only = Object.values(others).every((value) => value === undefined)
  return deleted === undefined || !only ? 'update' : deleted ? 'delete' : 'undelete'
}
