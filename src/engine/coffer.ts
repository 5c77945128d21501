import { CofferError } from '../core/errors.ts'
import type { AuditAction } from '../core/event.ts'
import { LIMITS } from '../core/limits.ts'
import { canonicalPath } from '../core/path.ts'
import type { Action } from '../core/policy/policy.ts'
import type { Coffer, WriteInput } from '../core/ports/coffer.ts'
import type { SecretRecord } from '../core/record.ts'
import { generateValue } from '../core/types/generate.ts'
import { encodeValue } from '../core/value.ts'
import { createAccessAdmin } from './access-admin.ts'
import { allows, denied } from './access.ts'
import { createAuditReader } from './audit-reader.ts'
import type { EngineContext, Origin } from './context.ts'
import {
  rolledBack,
  softDeleted,
  undeleted,
  withLabel,
  withMetadata,
  withVersionChange,
  withoutVersions,
} from './secrets/change.ts'
import { listSecrets } from './secrets/list.ts'
import { readMany, readOne } from './secrets/read.ts'
import { labelsOf } from './secrets/usable.ts'
import type { NewVersion } from './secrets/write.ts'
import { addVersion, conflict } from './secrets/write.ts'
import { refuseRollback } from './state.ts'
import type { EventFacts, Transaction } from './transaction.ts'
import { auditFailure, mustExist, originFacts, transact } from './transaction.ts'
import type { Watcher } from './watch.ts'

/** The local engine's `Coffer`, bound to an actor. */
export function createCoffer(context: EngineContext, watcher: Watcher, origin: Origin): Coffer {
  /** One existing secret changed by a pure step; the rest is the same for all of them. */
  const change = (
    input: string,
    action: Action & AuditAction,
    facts: Partial<EventFacts>,
    step: (record: SecretRecord, tx: Transaction) => SecretRecord | Promise<SecretRecord>,
  ): Promise<SecretRecord> => {
    const path = canonicalPath(input)
    return transact(context, origin, { action, resource: path }, async (tx) => {
      tx.require(action, path)
      const record = mustExist(await tx.secret(path), path)
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
    actor: origin.actor,
    read: (ref) => readOne(context, origin, ref),
    readMany: (refs) => readMany(context, origin, refs),

    write(input, write) {
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
        version: newVersion(input),
      }))
      const resource = writes.length === 1 ? (writes[0]?.path ?? '') : `${writes.length} secrets`
      return transact(context, origin, { action: 'write', resource }, async (tx) => {
        const receipts = []
        for (const { path, version } of writes) {
          receipts.push(await addVersion(tx, context, origin, path, version))
        }
        return receipts
      })
    },

    rotate(input, options = {}) {
      const path = canonicalPath(input)
      return transact(context, origin, { action: 'rotate', resource: path }, async (tx) => {
        tx.require('rotate', path)
        mustExist(await tx.secret(path), path)
        const { length, labels, token } = options
        return addVersion(tx, context, origin, path, {
          action: 'rotate',
          ...(labels === undefined ? {} : { labels }),
          token,
          value: ({ type }) => encodeValue(generateValue(type, { length }, context.random)),
        })
      })
    },

    describe: (input) => describe(context, origin, canonicalPath(input)),
    list: (query = {}) => listSecrets(context, origin, query),

    update: (path, metadata, options = {}) =>
      change(path, 'update', {}, (record, tx) => {
        const { ifRevision } = options
        if (ifRevision !== undefined && ifRevision !== record.revision) {
          throw conflict(record.path, 'revision', ifRevision, record.revision)
        }
        return withMetadata(tx, context, record, metadata)
      }),
    updateVersion: (path, version, validity) =>
      change(path, 'update', { version }, (record, tx) =>
        withVersionChange(record, version, validity, tx.now),
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
      ),
    rollback: (path, to) =>
      change(path, 'label', { label: 'current', version: to, reason: 'rollback' }, (record) =>
        rolledBack(record, to),
      ),

    delete: (path, options = {}) =>
      change(path, 'delete', {}, (record, tx) =>
        softDeleted(record, tx.now, options.recoveryDays),
      ),
    undelete: (path) => change(path, 'undelete', {}, undeleted),
    destroy: (path, versions) =>
      erased(
        change(path, 'destroy', { reason: `versions ${versions.join(', ')}` }, (record, tx) =>
          withoutVersions(tx, record, versions),
        ),
      ),
    purge(input) {
      const path = canonicalPath(input)
      return erased(
        transact(context, origin, { action: 'purge', resource: path }, (tx) => purge(tx, path)),
      )
    },

    watch: (path, changed, failed) => watcher.watch(path, changed, failed),
    access: createAccessAdmin(context, origin),
    audit: createAuditReader(context, origin),
  }
}

/** Removes a secret and every version of it, inside a transaction. Needs `destroy`. */
export async function purge(tx: Transaction, path: string): Promise<void> {
  tx.require('destroy', path)
  const record = mustExist(await tx.secret(path), path)
  for (const { number } of record.versions) await tx.rows.removeVersion(record.id, number)
  await tx.record({ action: 'purge', resource: path })
  await tx.removeSecret(path)
}

function newVersion(input: WriteInput): NewVersion {
  const encoded = input.value === undefined ? undefined : encodeValue(input.value)
  return { ...input, action: 'write', value: () => encoded }
}

async function describe(
  context: EngineContext,
  origin: Origin,
  path: string,
): Promise<SecretRecord | undefined> {
  const attempt = { action: 'describe', resource: path } as const
  const at = context.clock()
  try {
    const known = context.log.tail.generation
    const record = await context.store.read(async (rows) => {
      const state = await rows.state()
      refuseRollback(state?.generation ?? 0, known, 'the audit log')
      const access = await context.access.loadFrom(
        rows,
        origin.actor,
        state?.accessGeneration ?? 0,
      )
      const row = await rows.head('secret', path)
      const found = row === undefined ? undefined : context.heads.secret(path, row.head)
      const labels = found === undefined ? [] : labelsOf(found, found.labels['current'])
      if (!allows(access, { action: 'describe', path, labels, at }).allowed) {
        throw denied(origin.actor, 'describe', path)
      }
      return found
    })
    await context.log.append([
      {
        at,
        actor: origin.actor,
        action: 'describe',
        outcome: record === undefined ? 'failed' : 'allowed',
        resource: path,
        ...(record === undefined ? { code: 'not_found' } : {}),
        ...originFacts(origin),
      },
    ])
    return record
  } catch (error) {
    await auditFailure(context, origin, attempt, error)
    throw error
  }
}
