import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf, nodeFs } from '../adapters/logs/log-fs.ts'
import { PUBLIC_KEY_FILE, segmentsIn } from '../adapters/logs/segments.ts'
import { STORE_FILE } from '../adapters/stores/adapter.ts'
import { STORES } from '../adapters/stores/registry.ts'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { AuditLog } from '../core/ports/audit-log.ts'
import type { ActorRecord } from '../core/ports/coffer.ts'
import type { Store } from '../core/ports/store.ts'
import { createKeyring, rootFingerprint } from '../crypto/keyring.ts'
import { checkActor } from '../engine/actors.ts'
import { createContext } from '../engine/engine.ts'
import { createKeyHolder, KEYRING } from '../engine/keys/holder.ts'
import { transact } from '../engine/transaction.ts'
import { anchorLog } from './anchor.ts'
import { openLog, openSealedLog } from './open.ts'
import type { InitReport, PlatformOptions } from './options.ts'
import type { Place } from './place.ts'
import { localActor, placeOf } from './place.ts'
import { sealFor } from './seal-options.ts'
import { sinksOf } from './sinks.ts'

export interface InitOptions extends PlatformOptions {
  /** Default: the first of the registry that is ready. */
  readonly seal?: string | undefined
  /** Granted the built-in policy `admin`. Default `local:<os user>`. */
  readonly admin?: string | undefined
}

/**
 * Makes a store with its root key, keyring, log and first administrator. Interrupted anywhere it can
 * simply be repeated.
 * @throws `store_exists`, and what the seal throws
 */
export async function initPlatform(options: InitOptions): Promise<InitReport> {
  const place = placeOf(options)
  const { clock, random, dataDir } = place
  // Looked at before anything is made. A log without its store is evidence, and stays alone.
  const sealContext = place.sealContext()
  const seal = sealFor(options.seal, sealContext)
  const orphaned = hasSegments(place.auditDir)
  if (orphaned && !existsSync(join(dataDir, STORE_FILE))) throw orphanedLog(place.auditDir)
  const store = await STORES.sqlite.open({ dataDir })
  let turn: string | undefined
  try {
    const admin = options.admin === undefined ? localActor() : checkActor(options.admin)
    if ((await store.read((rows) => rows.state())) !== undefined) throw exists(dataDir)
    const storeId = Buffer.from(random(16)).toString('hex')
    await takeTurn(place, store, storeId)
    turn = storeId
    const log = await openSealedLog(place, storeId)
    const { seq } = await log.refresh()
    await log.close()
    if (seq > 0) throw orphanedLog(place.auditDir)
    // Of an attempt that was interrupted: it is the key of a store that was never made.
    rmSync(join(place.auditDir, PUBLIC_KEY_FILE), { force: true })

    const { rootKey, params, notes = [], shares = [] } = await seal.establish(sealContext)
    const fingerprint = rootFingerprint(rootKey)
    const keyring = createKeyring({
      storeId,
      rootFingerprint: fingerprint,
      seal: seal.kind,
      now: clock(),
      random,
    })
    const keys = createKeyHolder(keyring, rootKey)
    await takeTurn(place, store, storeId)
    const sinks = await sinksOf(place, options)
    const signed = await openLog(place, { ...options, sinks }, store, keyring)
    try {
      const context = createContext({
        store,
        log: withoutFailures(signed),
        keys,
        clock,
        random,
        valueBytesMax: LIMITS.valueBytesMax,
        checkStore: async () => {},
      })
      const attempt = { action: 'store.init', resource: 'store:data' } as const
      await transact(context, { actor: admin }, attempt, async (tx) => {
        if ((await tx.rows.blob(KEYRING)) !== undefined) throw exists(dataDir)
        await tx.record({ ...attempt, reason: `root ${fingerprint}, seal ${seal.kind}` })
        await tx.putKeyring(keyring, rootKey, { seal: seal.kind, params })
        const generation = await tx.record({ action: 'actor.write', resource: `actor:${admin}` })
        const record: ActorRecord = { name: admin, policies: ['admin'], roles: [] }
        await tx.putNamed('actor', admin, generation, record)
      })
      await anchorLog(store, keyring, signed, random)
    } finally {
      await signed.close()
      keys.erase()
    }
    return { storeId, dataDir, seal: seal.kind, fingerprint, notes, shares }
  } catch (error) {
    if (turn !== undefined) await store.lease(TURN, turn, clock(), 0).catch(() => {})
    throw error
  } finally {
    await store.close()
  }
}

/** A store that was not made has no log to say so in; the next attempt must find it empty. */
const withoutFailures = (log: AuditLog): AuditLog => ({
  ...log,
  get tail() {
    return log.tail
  },
  append: async () => {},
})

/**
 * One process makes a store at a time: two would found one log. Asked again after the seal, which
 * may have waited for a person. Who dies in the middle is followed by the next after `TURN_MS`.
 * @throws `store_exists`, `store_busy`
 */
async function takeTurn({ dataDir, clock }: Place, store: Store, holder: string): Promise<void> {
  for (const until = performance.now() + 2 * TURN_MS; ; await shortly()) {
    const mine = await store.lease(TURN, holder, clock(), TURN_MS)
    if ((await store.read((rows) => rows.state())) !== undefined) throw exists(dataDir)
    if (mine) return
    if (performance.now() > until) {
      throw new CofferError('store_busy', `Another process is making a store in ${dataDir}.`)
    }
  }
}

const shortly = () => new Promise((resolve) => setTimeout(resolve, TURN_MS / 20))

const TURN = 'init'
const TURN_MS = 2_000

const exists = (dataDir: string) =>
  new CofferError('store_exists', `There is a store in ${dataDir} already.`)

function hasSegments(auditDir: string): boolean {
  try {
    return segmentsIn(nodeFs, auditDir).length > 0
  } catch (cause) {
    const errno = errnoOf(cause) ?? 'unknown'
    throw new CofferError('unavailable', `${auditDir} cannot be looked at (${errno}).`, {
      remedy: 'Name directories that this user may use: --data-dir, --audit-dir.',
      cause,
    })
  }
}

const orphanedLog = (auditDir: string) =>
  new CofferError('store_exists', `There is an audit log in ${auditDir}, but its store is gone.`, {
    remedy: 'Put the store back, or move the log elsewhere to begin anew.',
  })
