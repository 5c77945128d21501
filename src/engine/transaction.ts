import { CofferError, isCofferError } from '../core/errors.ts'
import type { AuditEvent } from '../core/event.ts'
import type { Action } from '../core/policy/policy.ts'
import type { Manner } from '../core/policy/vault/addresses.ts'
import type { CommittedEvent } from '../core/ports/audit-log.ts'
import type { HeadKind, StoreWriter } from '../core/ports/store.ts'
import type { SecretRecord } from '../core/record.ts'
import type { JsonObject } from '../core/value.ts'
import { eventBody } from '../crypto/audit-line.ts'
import { addToDigest, digestElement, removeFromDigest } from '../crypto/digest.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { sealKeyring } from '../crypto/keyring.ts'
import type { ActorAccess } from './access.ts'
import { allows, denied } from './access.ts'
import type { Attempt } from './audited.ts'
import { auditFailure, originFacts } from './audited.ts'
import type { EngineContext, Origin } from './context.ts'
import type { NamedRecord } from './heads.ts'
import { KEYRING } from './keys/holder.ts'
import { putEvent } from './outbox.ts'
import { readableCurrent } from './secrets/usable.ts'
import type { StoreState } from './state.ts'
import { refuseOlder } from './witness.ts'

type NamedKind = Exclude<HeadKind, 'secret'>

/** What an event says beyond who, when and which generation. */
export type EventFacts = Pick<AuditEvent, 'action' | 'resource'> &
  Partial<Pick<AuditEvent, 'version' | 'label' | 'reason'>>

/**
 * One change of the store. Everything in it is committed together with its audit events (the
 * outbox); the caller gets its answer after the log has them (laws 2 and 6).
 */
export interface Transaction {
  readonly rows: StoreWriter
  readonly access: ActorAccess
  readonly now: number
  /** @throws `denied` */
  require(action: Action, path: string, labels?: readonly string[], manner?: Manner): void
  /** Takes the next generation for an event: each event of a transaction has its own. */
  record(facts: EventFacts): Promise<number>
  secret(path: string): Promise<SecretRecord | undefined>
  /** Whether there is one, sound or not. */
  has(path: string, kind?: HeadKind): Promise<boolean>
  putSecret(record: SecretRecord): Promise<void>
  removeSecret(path: string): Promise<void>
  named<T>(kind: NamedKind, path: string): Promise<T | undefined>
  /** `undefined` removes it. */
  putNamed(kind: NamedKind, path: string, generation: number, body: unknown): Promise<void>
  /** Seals and stores a newer keyring; this process takes it when the commit is done. */
  putKeyring(keyring: Keyring, rootKey: Uint8Array, header: KeyringHeader): Promise<void>
}

export interface KeyringHeader {
  readonly seal: string
  readonly params: JsonObject
}

/**
 * Runs `work` in a write transaction, commits the state and the events with it, and resolves after
 * the log has the events. A refusal or a failure leaves nothing behind but its own audit event.
 */
export async function transact<T>(
  context: EngineContext,
  origin: Origin,
  attempt: Attempt,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  let committed: Committed<T>
  const asked = attempt.reserve === false ? 'sweep' : attempt.action
  await context.log.admit(asked)
  const make = () => context.store.write((rows) => inTransaction(context, origin, rows, work))
  try {
    committed = await make().catch((error: unknown) => {
      if (!isCofferError(error, 'store_full') || !context.log.makeRoom(asked)) throw error
      return make()
    })
  } catch (error) {
    await auditFailure(context, origin, attempt, error)
    throw error
  }
  if (committed.keyring !== undefined) {
    context.keys.replace(committed.keyring.keyring, committed.keyring.rootKey)
  }
  const { events, generation } = committed
  context.witness.committed(generation)
  if (events.length > 0) {
    await context.log.complete(generation, events).catch((error: unknown) => {
      throw storedButUnaudited(error, generation)
    })
  }
  return committed.value
}

/** The event waits in the outbox, and comes to the log as soon as that can be written. */
function storedButUnaudited(error: unknown, generation: number): unknown {
  if (!isCofferError(error, 'audit_unavailable')) return error
  return new CofferError(error.code, `${error.message} The change itself is stored.`, {
    remedy: 'Make the audit log and its sinks writable: the next command completes the log.',
    details: { ...error.details, generation },
    cause: error,
  })
}

interface Committed<T> {
  readonly value: T
  readonly generation: number
  /** What this transaction put into the outbox, for the log. */
  readonly events: readonly CommittedEvent[]
  readonly keyring?: { readonly keyring: Keyring; readonly rootKey: Uint8Array } | undefined
}

/** The state of a store before its first transaction. */
const GENESIS: Omit<StoreState, 'keyringRevision'> = {
  generation: 0,
  accessGeneration: 0,
  digest: new Uint8Array(32),
  anchor: { seq: 0, hash: '' },
}

async function inTransaction<T>(
  context: EngineContext,
  origin: Origin,
  rows: StoreWriter,
  work: (tx: Transaction) => Promise<T>,
): Promise<Committed<T>> {
  const { keys, heads, log } = context
  const before = await openedState(context, rows)
  const access = await context.access.loadFrom(rows, origin, before.accessGeneration)
  const now = context.clock()
  let { generation, accessGeneration, digest, keyringRevision } = before
  let newKeyring: Committed<T>['keyring']
  const events: CommittedEvent[] = []

  /** Heads as this transaction last saw or put them. */
  const seen = new Map<string, Uint8Array | undefined>()
  const headOf = async (kind: HeadKind, path: string): Promise<Uint8Array | undefined> => {
    const key = `${kind} ${path}`
    if (!seen.has(key)) seen.set(key, (await rows.head(kind, path))?.head)
    return seen.get(key)
  }

  /** Every change of a head goes through here, so that the digest never misses one. */
  const replaceHead = async (
    kind: HeadKind,
    path: string,
    next: { head: Uint8Array; generation: number; version?: HeadVersion } | undefined,
  ) => {
    const { digestKey } = keys.keyring
    const old = await headOf(kind, path)
    if (old !== undefined) digest = removeFromDigest(digest, digestElement(digestKey, old))
    seen.set(`${kind} ${path}`, next?.head)
    if (next === undefined) return rows.removeHead(kind, path)
    digest = addToDigest(digest, digestElement(digestKey, next.head))
    await rows.putHead({ kind, path, head: next.head, generation: next.generation }, next.version)
  }

  const tx: Transaction = {
    rows,
    access,
    now,
    require(action, path, labels, manner) {
      const question = { action, path, at: now, labels, manner }
      if (!allows(access, question).allowed) throw denied(origin.actor, action, path)
    },
    async record(facts) {
      generation += 1
      const event: AuditEvent = {
        at: now,
        actor: origin.actor,
        outcome: 'allowed',
        ...facts,
        generation,
        ...originFacts(origin),
      }
      // Made before the disk is waited for: what the log could not hold is not committed either.
      events.push({ generation, body: eventBody(event) })
      await putEvent(rows, keys.keyring, generation, event)
      return generation
    },
    async secret(path) {
      const head = await headOf('secret', path)
      return head === undefined ? undefined : heads.secret(path, head)
    },
    has: async (path, kind = 'secret') => (await headOf(kind, path)) !== undefined,
    putSecret: (record) =>
      replaceHead('secret', record.path, {
        head: heads.sealSecret(record),
        generation: record.generation,
        version: { id: record.id, current: readableCurrent(record) },
      }),
    removeSecret: (path) => replaceHead('secret', path, undefined),
    async named<U>(kind: NamedKind, path: string) {
      const head = await headOf(kind, path)
      return head === undefined ? undefined : heads.named<U>(kind, path, head).body
    },
    async putNamed(kind, path, itsGeneration, body) {
      if (GRANTING.has(kind)) accessGeneration = itsGeneration
      if (body === undefined) return replaceHead(kind, path, undefined)
      const record: NamedRecord<unknown> = { path, generation: itsGeneration, body }
      return replaceHead(kind, path, { head: heads.seal(kind, record), generation: itsGeneration })
    },
    async putKeyring(keyring, rootKey, header) {
      keyringRevision = keyring.revision
      newKeyring = { keyring, rootKey }
      await rows.putBlob(KEYRING, sealKeyring(keyring, rootKey, header, context.random))
    },
  }

  const value = await work(tx)
  if (events.length === 0) return { value, generation, events }
  const { tail } = log
  const after: StoreState = {
    generation,
    accessGeneration,
    digest,
    keyringRevision,
    anchor: { seq: tail.seq, hash: tail.hash },
  }
  await rows.putState(context.states.seal(after))
  if (crosses(before.generation, generation)) {
    await rows.trimOutbox(Math.min(tail.generation, before.generation))
  }
  return { value, generation, events, keyring: newKeyring }
}

/** The outbox is trimmed now and then: what is in the log already does no harm there. */
const TRIM_EVERY = 32
const crosses = (from: number, to: number): boolean =>
  Math.floor(from / TRIM_EVERY) !== Math.floor(to / TRIM_EVERY)

/** The authentic state, with our keyring brought up to it. */
async function openedState(context: EngineContext, rows: StoreWriter): Promise<StoreState> {
  const { keys, witness } = context
  const row = await rows.state()
  refuseOlder(row?.generation ?? 0, witness.known())
  if (row === undefined) return { ...GENESIS, keyringRevision: keys.keyring.revision }
  const state = context.states.open(row)
  await keys.catchUp(rows, state.keyringRevision)
  return state
}

/** What decides over access, mounts in settings among it; compiled policies are thrown away when one of these changes. */
const GRANTING: ReadonlySet<HeadKind> = new Set(['policy', 'role', 'actor', 'setting'])

interface HeadVersion {
  readonly id: string
  readonly current: number | undefined
}

/** @throws CofferError `not_found` */
export function mustExist(record: SecretRecord | undefined, path: string): SecretRecord {
  if (record !== undefined) return record
  throw new CofferError('not_found', `There is no secret ${path}.`, { details: { path } })
}
