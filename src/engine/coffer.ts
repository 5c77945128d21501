import { canonicalPath } from '../core/path.ts'
import type { AccessAdmin, AuditReader, Coffer, ListQuery, ReadRef } from '../core/ports/coffer.ts'
import type { IdentityAdmin } from '../core/ports/identities.ts'
import type { SettingsAdmin } from '../core/ports/settings.ts'
import type { SecretRecord } from '../core/record.ts'
import { allows, denied, refuseByOrigin } from './access.ts'
import { createAuditReader } from './audit-reader.ts'
import { auditFailure, originFacts } from './audited.ts'
import type { EngineContext, Origin } from './context.ts'
import type { EventHub } from './events.ts'
import { once } from './once.ts'
import type { Changes } from './secrets/changes.ts'
import { listSecrets } from './secrets/list.ts'
import { readBelow, readMany, readOne } from './secrets/read.ts'
import type { Watcher } from './watch.ts'
import { refuseOlder } from './witness.ts'

/** What every Coffer of a store shares: what tells of changes, and what makes them. */
export interface Shared extends Pick<Watcher, 'watch'>, Pick<EventHub, 'events'> {
  /** Loaded once: a module that is asked for again costs as much as a tenth of a write. */
  readonly changesModule: () => Promise<Pick<ChangesModule, 'createChanges'>>
}

type ChangesModule = typeof import('./secrets/changes.ts')

/** Of `Shared.changesModule`. */
export const loadChanges = (): Shared['changesModule'] => once(() => import('./secrets/changes.ts'))

/**
 * The local engine's `Coffer`, bound to an actor. A server makes one for each request: nothing is
 * made before it is asked for, and what changes things is loaded when it is used.
 */
export const createCoffer = (context: EngineContext, shared: Shared, origin: Origin): Coffer =>
  new LocalCoffer(context, shared, origin)

class LocalCoffer implements Coffer {
  readonly #context: EngineContext
  readonly #shared: Shared
  readonly #origin: Origin
  #changes: (() => Promise<Changes>) | undefined
  #access: AccessAdmin | undefined
  #audit: AuditReader | undefined
  #settings: SettingsAdmin | undefined
  #identities: IdentityAdmin | undefined

  constructor(context: EngineContext, shared: Shared, origin: Origin) {
    this.#context = context
    this.#shared = shared
    this.#origin = origin
  }

  get actor(): string {
    return this.#origin.actor
  }

  read(ref: ReadRef): ReturnType<Coffer['read']> {
    return readOne(this.#context, this.#origin, ref)
  }

  readMany(refs: readonly ReadRef[]): ReturnType<Coffer['readMany']> {
    return readMany(this.#context, this.#origin, refs)
  }

  readBelow(...[query]: Parameters<Coffer['readBelow']>): ReturnType<Coffer['readBelow']> {
    return readBelow(this.#context, this.#origin, query)
  }

  async describe(path: string): ReturnType<Coffer['describe']> {
    return describe(this.#context, this.#origin, canonicalPath(path))
  }

  list(query: ListQuery = {}): ReturnType<Coffer['list']> {
    return listSecrets(this.#context, this.#origin, query)
  }

  async write(...given: Parameters<Coffer['write']>): ReturnType<Coffer['write']> {
    return (await this.#changing()).write(...given)
  }

  async writeMany(...given: Parameters<Coffer['writeMany']>): ReturnType<Coffer['writeMany']> {
    return (await this.#changing()).writeMany(...given)
  }

  async rotate(...given: Parameters<Coffer['rotate']>): ReturnType<Coffer['rotate']> {
    return (await this.#changing()).rotate(...given)
  }

  async update(...given: Parameters<Coffer['update']>): ReturnType<Coffer['update']> {
    return (await this.#changing()).update(...given)
  }

  async updateVersion(
    ...given: Parameters<Coffer['updateVersion']>
  ): ReturnType<Coffer['updateVersion']> {
    return (await this.#changing()).updateVersion(...given)
  }

  async label(...given: Parameters<Coffer['label']>): ReturnType<Coffer['label']> {
    return (await this.#changing()).label(...given)
  }

  async rollback(...given: Parameters<Coffer['rollback']>): ReturnType<Coffer['rollback']> {
    return (await this.#changing()).rollback(...given)
  }

  async delete(...given: Parameters<Coffer['delete']>): ReturnType<Coffer['delete']> {
    return (await this.#changing()).delete(...given)
  }

  async undelete(...given: Parameters<Coffer['undelete']>): ReturnType<Coffer['undelete']> {
    return (await this.#changing()).undelete(...given)
  }

  async destroy(...given: Parameters<Coffer['destroy']>): ReturnType<Coffer['destroy']> {
    return (await this.#changing()).destroy(...given)
  }

  async purge(...given: Parameters<Coffer['purge']>): ReturnType<Coffer['purge']> {
    return (await this.#changing()).purge(...given)
  }

  watch(...[path, changed, failed]: Parameters<Coffer['watch']>): () => void {
    return this.#shared.watch(this.#origin, path, changed, failed)
  }

  events(...given: Parameters<Coffer['events']>): () => void {
    return this.#shared.events(this.#origin, ...given)
  }

  get access(): AccessAdmin {
    const load = async () =>
      (await import('./access-admin.ts')).createAccessAdmin(this.#context, this.#origin)
    return (this.#access ??= loadedLater(once(load), ACCESS))
  }

  get audit(): AuditReader {
    return (this.#audit ??= createAuditReader(this.#context, this.#origin))
  }

  get settings(): SettingsAdmin {
    const load = async () =>
      (await import('./settings-admin.ts')).createSettingsAdmin(this.#context, this.#origin)
    return (this.#settings ??= loadedLater(once(load), SETTINGS))
  }

  get identities(): IdentityAdmin {
    const load = async () =>
      (await import('./identities/admin.ts')).createIdentityAdmin(this.#context, this.#origin)
    return (this.#identities ??= loadedLater(once(load), IDENTITIES))
  }

  #changing(): Promise<Changes> {
    this.#changes ??= once(async () => {
      const { createChanges } = await this.#shared.changesModule()
      return createChanges(this.#context, this.#origin)
    })
    return this.#changes()
  }
}

const ACCESS: { readonly [M in keyof AccessAdmin]: true } = {
  policies: true,
  putPolicy: true,
  deletePolicy: true,
  roles: true,
  putRole: true,
  deleteRole: true,
  actors: true,
  putActor: true,
  deleteActor: true,
  test: true,
  who: true,
}

const SETTINGS: { readonly [M in keyof SettingsAdmin]: true } = {
  get: true,
  list: true,
  put: true,
}

const IDENTITIES: { readonly [M in keyof IdentityAdmin]: true } = {
  createToken: true,
  renewToken: true,
  lookupToken: true,
  revokeToken: true,
  tokens: true,
  createAccessKey: true,
  accessKeys: true,
  updateAccessKey: true,
  deleteAccessKey: true,
  putAppRole: true,
  appRole: true,
  appRoles: true,
  deleteAppRole: true,
  createSecretId: true,
  secretId: true,
  secretIds: true,
  destroySecretId: true,
  putJwtIssuer: true,
  jwtIssuer: true,
  jwtIssuers: true,
  deleteJwtIssuer: true,
  putJwtRole: true,
  jwtRole: true,
  jwtRoles: true,
  deleteJwtRole: true,
}

/** The named asynchronous methods of something that is loaded by the first call of any of them. */
function loadedLater<T extends object>(load: () => Promise<T>, names: Record<keyof T, true>): T {
  const entries = Object.keys(names).map((name) => [
    name,
    async (...args: unknown[]) => {
      const loaded = (await load()) as Record<string, (...given: unknown[]) => unknown>
      return loaded[name]?.(...args)
    },
  ])
  return Object.fromEntries(entries) as T
}

async function describe(
  context: EngineContext,
  origin: Origin,
  path: string,
): Promise<SecretRecord | undefined> {
  const attempt = { action: 'describe', resource: path } as const
  const at = context.clock()
  try {
    const known = context.witness.known()
    const record = await context.store.read(async (rows) => {
      const state = await rows.state()
      refuseOlder(state?.generation ?? 0, known)
      const access = await context.access.loadFrom(rows, origin, state?.accessGeneration ?? 0)
      const row = await rows.head('secret', path)
      if (!allows(access, { action: 'describe', path, at }).allowed) {
        throw denied(origin.actor, 'describe', path)
      }
      if (row === undefined) return undefined
      const found = context.heads.secret(path, row.head)
      refuseByOrigin(origin, 'describe', found)
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
