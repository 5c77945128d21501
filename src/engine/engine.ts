import { canonicalPath } from '../core/path.ts'
import type { Clock, Random } from '../core/ports/ambient.ts'
import type { AuditLog } from '../core/ports/audit-log.ts'
import type { Identities, JwtVerifier } from '../core/ports/identities.ts'
import type { KeyAdmin, OriginInput, Platform } from '../core/ports/platform.ts'
import type { Store } from '../core/ports/store.ts'
import type { SecretRecord } from '../core/record.ts'
import { createAccessCache, SYSTEM_ACTOR } from './access.ts'
import { checkActor, operatorOrigin } from './actors.ts'
import { requireAudited } from './audited.ts'
import type { BackupWriter } from './backup/write.ts'
import { createCoffer, loadChanges } from './coffer.ts'
import type { EngineContext, Origin } from './context.ts'
import type { OutsideCheck } from './doctor.ts'
import { createEventHub } from './events.ts'
import { createHeadCodec } from './heads.ts'
import { createFind } from './identities/rows.ts'
import type { SealAccess } from './keys/admin.ts'
import type { KeyHolder } from './keys/holder.ts'
import { once } from './once.ts'
import { createStateCodec } from './state.ts'
import { createSettings } from './settings.ts'
import { startSweeping } from './sweeper.ts'
import { createWatcher } from './watch.ts'
import { createWitness, refuseOlder } from './witness.ts'

/** Everything the engine is given; it reaches for nothing else. */
export interface EngineParts {
  readonly store: Store
  readonly log: AuditLog
  readonly keys: KeyHolder
  readonly seals: SealAccess
  readonly clock: Clock
  readonly random: Random
  readonly valueBytesMax: number
  readonly checkStore: EngineContext['checkStore']
  readonly outsideChecks: readonly OutsideCheck[]
  readonly writeBackup: BackupWriter
  readonly verifyJwt: JwtVerifier['verify']
}

export function createContext(
  parts: Omit<EngineParts, 'seals' | 'outsideChecks' | 'writeBackup' | 'verifyJwt'>,
): EngineContext {
  const { store, log, keys, clock, random, valueBytesMax, checkStore } = parts
  const heads = createHeadCodec(keys)
  const access = createAccessCache(store, heads)
  const states = createStateCodec(keys, random)
  const witness = createWitness(log)
  const credentials = createFind({ store, heads, witness })
  const known = { heads, states, witness, access, credentials, bindings: new WeakMap() }
  return { store, log, keys, ...known, clock, random, valueBytesMax, checkStore }
}

/** What operators do now and then is loaded when it is done; reading is here from the start. */
export function createEngine(parts: EngineParts): Platform {
  const context = createContext(parts)
  const watcher = createWatcher(context)
  const hub = createEventHub(context)
  const shared = { watch: watcher.watch, events: hub.events, changesModule: loadChanges() }
  let ready: Identities | undefined
  const identities = once(async (): Promise<Identities> => {
    const { createIdentities } = await import('./identities/identities.ts')
    return (ready = createIdentities(context, parts.verifyJwt))
  })
  const stops = new Set<() => Promise<void>>()
  const keys = async (): Promise<KeyAdmin> =>
    (await import('./keys/admin.ts')).createKeyAdmin(context, parts.seals)

  return {
    as: (actor, origin = {}) =>
      createCoffer(context, shared, { ...origin, actor: checkActor(actor) }),
    get storeId() {
      return context.keys.keyring.storeId
    },
    settings: createSettings(context),
    identities: {
      // At every request: without a turn for what is loaded already.
      authenticate: (...given) =>
        ready === undefined
          ? identities().then((made) => made.authenticate(...given))
          : ready.authenticate(...given),
      accessKey: (...given) =>
        ready === undefined
          ? identities().then((made) => made.accessKey(...given))
          : ready.accessKey(...given),
      loginAppRole: async (...given) => (await identities()).loginAppRole(...given),
      loginJwt: async (...given) => (await identities()).loginJwt(...given),
      tidy: async () => (await identities()).tidy(),
    },
    peek: (path) => peek(context, path),
    shareLook: () => context.store.shareLook?.(),
    async vaultPermissions(subject, address, options) {
      const { vaultPermissions } = await import('./vault-permissions.ts')
      return vaultPermissions(context, subject, address, options)
    },
    keys: {
      status: async () => (await keys()).status(),
      rotate: async (options) => (await keys()).rotate(options),
      reseal: async (options) => (await keys()).reseal(options),
    },
    async doctor({ progress, actor, ...origin } = {}) {
      const { doctor } = await import('./doctor.ts')
      return doctor(context, originOf(actor, origin), parts.outsideChecks, progress)
    },
    async sweep(by, via) {
      const { sweep } = await import('./sweep.ts')
      const { actor, ...origin } = typeof by === 'object' ? by : { actor: by, via }
      return sweep(context, originOf(actor, origin))
    },
    async jobs() {
      const { createJobs } = await import('./jobs.ts')
      return createJobs(context, shared)
    },
    startSweeping(everyMs) {
      const stop = startSweeping(context, { actor: SYSTEM_ACTOR, via: 'job' }, everyMs)
      stops.add(stop)
      return stop
    },

    async permit(by, action, resource, auditedAs, failure, labels) {
      const origin = operatorOrigin(by)
      await requireAudited(context, origin, action, resource, auditedAs, failure, labels)
    },
    async record(events) {
      const at = context.clock()
      await context.log.append(
        events.map(({ actor = SYSTEM_ACTOR, ...event }) => ({ at, actor, ...event })),
      )
    },

    async backup(file, options) {
      const { backup } = await import('./backup/write.ts')
      return backup(context, parts.writeBackup, file, options)
    },

    async close() {
      watcher.stop()
      hub.stop()
      for (const stop of stops) await stop()
      await context.log.close()
      await context.store.close()
      context.keys.erase()
    },
  }
}

async function peek(context: EngineContext, input: string): Promise<SecretRecord | undefined> {
  const path = canonicalPath(input)
  const known = context.witness.known()
  const { generation, head } = await context.store.head('secret', path, known)
  refuseOlder(generation, known)
  return head === undefined ? undefined : context.heads.secret(path, head)
}

/** Without an actor nobody asked: it is Coffer's own work. */
const originOf = (actor: string | undefined, origin: OriginInput): Origin =>
  actor === undefined
    ? { actor: SYSTEM_ACTOR, via: origin.via ?? 'job' }
    : operatorOrigin({ actor, ...origin }, 'job')
