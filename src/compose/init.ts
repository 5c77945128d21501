import { SEALS } from '../adapters/seals/registry.ts'
import { STORES } from '../adapters/stores/registry.ts'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { ActorRecord } from '../core/ports/coffer.ts'
import { createKeyring, rootFingerprint } from '../crypto/keyring.ts'
import { createContext } from '../engine/engine.ts'
import { createKeyHolder, KEYRING } from '../engine/keys/holder.ts'
import { transact } from '../engine/transaction.ts'
import { findSeal, openLog } from './open.ts'
import type { InitReport, PlatformOptions } from './options.ts'
import { localActor, placeOf } from './place.ts'
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
  const store = await STORES.sqlite.open({ dataDir })
  try {
    if ((await store.read((rows) => rows.state())) !== undefined) throw exists(dataDir)
    const storeId = Buffer.from(random(16)).toString('hex')
    const log = await openLog(place, { ...options, sinks: [] }, store, storeId, undefined)
    const { seq } = await log.refresh()
    await log.close()
    if (seq > 0) throw orphanedLog(place.auditDir)

    const sealContext = place.sealContext()
    const seal =
      options.seal === undefined
        ? Object.values(SEALS).find((known) => known.ready(sealContext))
        : findSeal(options.seal)
    if (seal === undefined) throw new CofferError('sealed', 'No seal is ready to be used.')
    const { rootKey, params, notes = [] } = await seal.establish(sealContext)
    const fingerprint = rootFingerprint(rootKey)
    const keyring = createKeyring({
      storeId,
      rootFingerprint: fingerprint,
      seal: seal.kind,
      now: clock(),
      random,
    })
    const keys = createKeyHolder(keyring, rootKey)
    const sinks = await sinksOf(place, options)
    const signed = await openLog(place, { ...options, sinks }, store, storeId, keyring.auditSigner)
    try {
      const admin = options.admin ?? localActor()
      const context = createContext({
        store,
        log: signed,
        keys,
        clock,
        random,
        valueBytesMax: LIMITS.valueBytesMax,
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
    } finally {
      await signed.close()
      keys.erase()
    }
    return { storeId, dataDir, seal: seal.kind, fingerprint, notes }
  } finally {
    await store.close()
  }
}

const exists = (dataDir: string) =>
  new CofferError('store_exists', `There is a store in ${dataDir} already.`)

const orphanedLog = (auditDir: string) =>
  new CofferError('store_exists', `There is an audit log in ${auditDir}, but its store is gone.`, {
    remedy: 'Put the store back, or move the log elsewhere to begin anew.',
  })
