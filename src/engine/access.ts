import { CofferError } from '../core/errors.ts'
import { CURRENT } from '../core/label.ts'
import { LIMITS } from '../core/limits.ts'
import type { ActorRecord, Role } from '../core/ports/coffer.ts'
import type { Grants } from '../core/ports/identities.ts'
import type { HeadKind, Store, StoreReader } from '../core/ports/store.ts'
import type { CompiledAccess, Decision, Question } from '../core/policy/decide.ts'
import { compileAccess, decide } from '../core/policy/decide.ts'
import type { Grant } from '../core/policy/grants.ts'
import { grantsOf } from '../core/policy/grants.ts'
import type { Action, Policy } from '../core/policy/policy.ts'
import type { SecretMount } from '../core/policy/vault/mounts.ts'
import { MOUNT_SETTINGS, secretMounts } from '../core/policy/vault/mounts.ts'
import type { JsonObject } from '../core/value.ts'
import type { SecretRecord } from '../core/record.ts'
import type { Origin, Subject } from './context.ts'
import type { HeadCodec } from './heads.ts'

/** What an actor, or whoever has the same grants, may do, as stored, with where it came from. */
export interface ActorAccess {
  readonly compiled: CompiledAccess
  /** How it came by its policies; absent for an actor that nobody told Coffer about. */
  readonly grants: readonly Grant[] | undefined
}

/**
 * Compiled access by actor, thrown away whenever a policy, role or actor changed anywhere: every
 * read learns the store's `accessGeneration` from the same snapshot as its row.
 */
export interface AccessCache {
  /** Present when it is known for this very generation. */
  known(subject: Subject, accessGeneration: number): ActorAccess | undefined
  /** Reads it in a snapshot of its own. */
  load(subject: Subject): Promise<ActorAccess>
  /**
   * The same, shared by all who ask for it at once. It is at least as new as `accessGeneration`,
   * which the caller has seen committed: an older look is never shared.
   */
  loadOnce(subject: Subject, accessGeneration: number): Promise<ActorAccess>
  /** Reads it in the caller's snapshot. */
  loadFrom(rows: StoreReader, subject: Subject, accessGeneration: number): Promise<ActorAccess>
}

const CACHED_MAX = 10_000

export function createAccessCache(store: Store, heads: HeadCodec): AccessCache {
  let generation = -1
  const bySubject = new Map<string, ActorAccess>()
  /** A credential's row is remembered, and its grants with it: no key is made for every read. */
  let byGrants = new WeakMap<Grants, ActorAccess>()
  const loading = new Map<string, Promise<ActorAccess>>()

  const cache: AccessCache = {
    known(subject, accessGeneration) {
      if (accessGeneration !== generation) return undefined
      const { grants } = subject
      if (grants === undefined) return bySubject.get(keyOf(subject))
      const remembered = byGrants.get(grants)
      if (remembered !== undefined) return remembered
      const known = bySubject.get(keyOf(subject))
      if (known !== undefined) byGrants.set(grants, known)
      return known
    },
    load: (subject) =>
      store.read(async (rows) => {
        const state = await rows.state()
        return cache.loadFrom(rows, subject, state?.accessGeneration ?? 0)
      }),
    loadOnce(subject, accessGeneration) {
      const key = `${accessGeneration} ${keyOf(subject)}`
      const shared = loading.get(key) ?? cache.load(subject).finally(() => loading.delete(key))
      loading.set(key, shared)
      return shared
    },
    async loadFrom(rows, subject, accessGeneration) {
      const known = cache.known(subject, accessGeneration)
      if (known !== undefined) return known
      const access = await readAccess(rows, heads, subject)
      if (accessGeneration > generation) {
        bySubject.clear()
        byGrants = new WeakMap()
        generation = accessGeneration
      }
      if (accessGeneration === generation) {
        for (const oldest of bySubject.keys()) {
          if (bySubject.size < CACHED_MAX) break
          bySubject.delete(oldest)
        }
        bySubject.set(keyOf(subject), access)
      }
      return access
    },
  }
  return cache
}

/** The question every way in asks, in one place. What names no version means `current`. */
export const allows = (access: ActorAccess, question: Question): Decision =>
  decide(access.compiled, { ...question, labels: question.labels ?? DEFAULT_LABELS })

const DEFAULT_LABELS = [CURRENT]

/** Whether the actor may read what is at some label, or, of what is absent, would be at `current`. */
export const readsSome = (
  access: ActorAccess,
  origin: Origin,
  path: string,
  record: SecretRecord | undefined,
  at: number,
): boolean =>
  [CURRENT, ...Object.keys(record?.labels ?? {})].some(
    (label) => allows(access, { action: 'read', path, labels: [label], at }).allowed,
  ) &&
  (record === undefined || origin.refuses?.(record, 'read') !== true)

/** Says nothing of whether the thing exists. */
export const denied = (actor: string, action: string, resource: string, destination?: string) =>
  destination === undefined
    ? new CofferError('denied', `${actor} may not ${action} ${resource}.`, {
        details: { actor, action, resource },
      })
    : new CofferError('denied', `${actor} may not ${action} ${resource} to ${destination}.`, {
        details: { actor, action, resource, destination },
      })

/** What the way in refuses beyond the policies. @throws `denied` */
export function refuseByOrigin(origin: Origin, action: Action, record: SecretRecord): void {
  if (origin.refuses?.(record, action) !== true) return
  const { message, details } = denied(origin.actor, action, record.path)
  throw new CofferError('denied', message, { details: { ...details, explicitly: true } })
}

/** The actor of work that nobody asked for. Nobody can be given this name. */
export const SYSTEM_ACTOR = 'system:coffer'
const SYSTEM: ActorRecord = { name: SYSTEM_ACTOR, policies: ['admin'], roles: [] }

async function readAccess(
  rows: StoreReader,
  heads: HeadCodec,
  { actor, grants: given }: Subject,
): Promise<ActorAccess> {
  const read = async <T>(kind: NamedKind, name: string): Promise<T | undefined> => {
    const row = await rows.head(kind, name)
    return row === undefined ? undefined : heads.named<T>(kind, name, row.head).body
  }
  const own = actor === SYSTEM_ACTOR ? SYSTEM : given && { name: actor, ...given }
  const record = own ?? (await read<ActorRecord>('actor', actor))
  if (record === undefined) return { compiled: NOBODY, grants: undefined }
  const roles = new Map<string, Role>()
  for (const name of record.roles) {
    const role = await read<Role>('role', name)
    if (role !== undefined) roles.set(name, role)
  }
  const policies = new Map<string, Policy>()
  for (const name of [record, ...roles.values()].flatMap((holder) => holder.policies)) {
    const policy = await read<Policy>('policy', name)
    if (policy !== undefined) policies.set(name, policy)
  }
  const grants = grantsOf(record, {
    policy: (name) => policies.get(name),
    role: (name) => roles.get(name),
  })
  const all = grants.map(({ policy }) => policy)
  const vault = all.some(({ hcl }) => hcl !== undefined)
    ? (await import('../core/policy/vault/access.ts')).compileVaultAccess(
        all,
        await readMounts(rows, heads),
      )
    : undefined
  return { compiled: compileAccess({ policies: all, vault }), grants }
}

/** What addresses stand for, in policies that are written in them. */
async function readMounts(rows: StoreReader, heads: HeadCodec): Promise<readonly SecretMount[]> {
  const range = { kind: 'setting', from: MOUNT_SETTINGS, limit: LIMITS.settingsMax } as const
  const found = await rows.heads({ ...range, before: MOUNT_SETTINGS.replace(/\/$/, '0') })
  return secretMounts(
    found.map(({ path, head }) => ({
      name: path,
      body: heads.named<JsonObject>('setting', path, head).body,
    })),
  )
}

const NOBODY = compileAccess({ policies: [] })

/**
 * Grants come from a credential: two of the same actor can have different ones, and all that have
 * the same may do the same. No actor begins with a newline.
 */
const keyOf = ({ actor, grants }: Subject): string =>
  grants === undefined ? actor : `\n${grants.policies.join('\n')}\n\n${grants.roles.join('\n')}`

type NamedKind = Exclude<HeadKind, 'secret'>
