import { canonicalPath } from '../core/path.ts'
import type { AccessAdmin, AuditReader, Coffer } from '../core/ports/coffer.ts'
import type { IdentityAdmin } from '../core/ports/identities.ts'
import type { SettingsAdmin } from '../core/ports/settings.ts'
import type { SecretRecord } from '../core/record.ts'
import { allows, denied, refuseByOrigin } from './access.ts'
import { createAuditReader } from './audit-reader.ts'
import { auditFailure, originFacts } from './audited.ts'
import type { EngineContext, Origin } from './context.ts'
import type { EventHub } from './events.ts'
import { listSecrets } from './secrets/list.ts'
import { readBelow, readMany, readOne } from './secrets/read.ts'
import type { Watcher } from './watch.ts'
import { refuseOlder } from './witness.ts'

/** What tells of changes, shared by every Coffer of a store. */
export type Live = Pick<Watcher, 'watch'> & Pick<EventHub, 'events'>

/**
 * The local engine's `Coffer`, bound to an actor. A server makes one for each request: nothing is
 * made before it is asked for, and what changes things is loaded when it is used.
 */
export function createCoffer(context: EngineContext, live: Live, origin: Origin): Coffer {
  const changes = once(async () =>
    (await import('./secrets/changes.ts')).createChanges(context, origin),
  )
  let access: AccessAdmin | undefined
  let audit: AuditReader | undefined
  let settings: SettingsAdmin | undefined
  let identities: IdentityAdmin | undefined

  return {
    actor: origin.actor,
    read: (ref) => readOne(context, origin, ref),
    readMany: (refs) => readMany(context, origin, refs),
    readBelow: (query) => readBelow(context, origin, query),
    describe: async (input) => describe(context, origin, canonicalPath(input)),
    list: (query = {}) => listSecrets(context, origin, query),
    write: async (...given) => (await changes()).write(...given),
    writeMany: async (...given) => (await changes()).writeMany(...given),
    rotate: async (...given) => (await changes()).rotate(...given),
    update: async (...given) => (await changes()).update(...given),
    updateVersion: async (...given) => (await changes()).updateVersion(...given),
    label: async (...given) => (await changes()).label(...given),
    rollback: async (...given) => (await changes()).rollback(...given),
    delete: async (...given) => (await changes()).delete(...given),
    undelete: async (...given) => (await changes()).undelete(...given),
    destroy: async (...given) => (await changes()).destroy(...given),
    purge: async (...given) => (await changes()).purge(...given),
    watch: (path, changed, failed) => live.watch(origin, path, changed, failed),
    events: (...given) => live.events(origin, ...given),
    get access() {
      const load = async () =>
        (await import('./access-admin.ts')).createAccessAdmin(context, origin)
      return (access ??= loadedLater(once(load), ACCESS))
    },
    get audit() {
      return (audit ??= createAuditReader(context, origin))
    },
    get settings() {
      const load = async () => (await import('./settings.ts')).createSettingsAdmin(context, origin)
      return (settings ??= loadedLater(once(load), SETTINGS))
    },
    get identities() {
      const load = async () =>
        (await import('./identities/admin.ts')).createIdentityAdmin(context, origin)
      return (identities ??= loadedLater(once(load), IDENTITIES))
    },
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

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
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
