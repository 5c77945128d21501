import { statSync } from 'node:fs'
import { openFileLog } from '../adapters/logs/file-log.ts'
import type { LogFs } from '../adapters/logs/log-fs.ts'
import { STORES } from '../adapters/stores/registry.ts'
import { CofferError, isCofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { AuditLog } from '../core/ports/audit-log.ts'
import type { AuditHead } from '../core/ports/coffer.ts'
import type { JwtVerifier } from '../core/ports/identities.ts'
import type { Platform } from '../core/ports/platform.ts'
import type { Sink } from '../core/ports/sink.ts'
import type { Store } from '../core/ports/store.ts'
import { shellWord } from '../core/shell-word.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { openKeyring, readKeyringHeader } from '../crypto/keyring.ts'
import { createEngine } from '../engine/engine.ts'
import type { KeyHolder } from '../engine/keys/holder.ts'
import { createKeyHolder, KEYRING, readKeyring, refuseOldKeyring } from '../engine/keys/holder.ts'
import { outboxOf } from '../engine/outbox.ts'
import { readState, refuseRollback } from '../engine/state.ts'
import type { PlatformOptions } from './options.ts'
import type { Place } from './place.ts'
import { localActor, placeOf } from './place.ts'
import { findSeal } from './seals.ts'
import { sinksOf } from './sinks.ts'

/**
 * Opens a store: unseals the keyring, checks the store against its log and every witness, completes
 * the log from the outbox.
 * @throws `store_missing`, `sealed`, `wrong_key`, `store_rolled_back`, `audit_tampered`, `corrupt`
 */
export async function openPlatform(
  options: PlatformOptions = {},
  seams: Seams = {},
): Promise<Platform> {
  const place = placeOf(options)
  const parts = await openParts(place, options, seams)
  try {
    await settle(parts, options, place)
    return platformOf(place, options, parts)
  } catch (error) {
    await closeParts(parts)
    throw error
  }
}

/** Where a test puts something between the engine and the world. */
export interface Seams {
  readonly store?: (store: Store) => Store
  readonly logFs?: LogFs
}

export interface Parts {
  readonly store: Store
  readonly sinks: readonly Sink[]
  readonly log: AuditLog
  readonly keys: KeyHolder
}

/** Store, keys and log, opened and not yet compared with each other. */
export async function openParts(
  place: Place,
  options: PlatformOptions,
  { store: between = (store) => store, logFs }: Seams = {},
): Promise<Parts> {
  const store = between(await STORES.sqlite.open({ dataDir: place.dataDir, mustExist: true }))
  try {
    const blob = await store.read(async (rows) => {
      if ((await rows.state()) === undefined && (await rows.blob(KEYRING)) === undefined) {
        throw missing(place)
      }
      return readKeyring(rows)
    })
    const rootKey =
      options.rootKey === undefined ? await unseal(blob, place) : Uint8Array.from(options.rootKey)
    let keyring: Keyring
    try {
      keyring = openKeyring(blob, rootKey)
    } catch (error) {
      await auditWrongKey(place, blob, error)
      throw asPassphrase(blob, error)
    }
    const keys = createKeyHolder(keyring, rootKey)
    const sinks = await sinksOf(place, options)
    const log = await openLog(place, { ...options, sinks }, store, keyring, logFs)
    return { store, sinks, log, keys }
  } catch (error) {
    await store.close()
    throw error
  }
}

export async function closeParts({ store, log, keys }: Omit<Parts, 'sinks'>): Promise<void> {
  await log.close()
  await store.close()
  keys.erase()
}

export const openLog = (
  place: Place,
  options: PlatformOptions,
  store: Store,
  keyring: Keyring,
  fs?: LogFs,
): Promise<AuditLog> =>
  openFileLog({
    dir: place.auditDir,
    storeId: keyring.storeId,
    signer: keyring.auditSigner,
    outbox: outboxOf(store, keyring),
    sinks: options.sinks ?? [],
    clock: place.clock,
    random: place.random,
    retentionDays: options.auditRetentionDays ?? place.auditRetentionDays,
    fs,
    flushed: options.auditFlushed,
  })

/** Without keys: nothing is signed, nothing taken from the outbox, no sink asked. */
export const openSealedLog = ({ auditDir, clock, random }: Place, storeId: string) =>
  openFileLog({
    dir: auditDir,
    storeId,
    signer: undefined,
    outbox: { after: async () => [] },
    sinks: [],
    clock,
    random,
  })

/** @throws `sealed`, with the fingerprint of the key that is wanted; what the seal throws */
export async function unseal(blob: Uint8Array, place: Place): Promise<Uint8Array> {
  const { seal, params, fingerprint } = readKeyringHeader(blob)
  try {
    const context = place.sealContext()
    if (Object.keys(context.options).length > 0) {
      ;(await import('./seal-options.ts')).refuseUnknownOptions(context)
    }
    return await findSeal(seal).unseal(params, context)
  } catch (error) {
    if (!isCofferError(error, 'sealed')) throw error
    const { message, remedy, details } = error
    throw new CofferError('sealed', `${message} The store wants root key ${fingerprint}.`, {
      remedy,
      details: { ...details, wanted: fingerprint },
    })
  }
}

/**
 * The store must be at least where its log, every sink and the checkpoint say it was; the log must
 * hold what the store remembers of it. What the log lacks is completed from the outbox. The log and
 * the sinks are looked at before the store: else a change made in between would look like a rollback.
 */
async function settle(
  parts: Parts,
  { checkpoint }: PlatformOptions,
  { random }: Place,
): Promise<void> {
  const { store, sinks, log, keys } = parts
  const before = await log.refresh()
  const witnesses = await Promise.all(
    sinks.map(async (sink) => ({ sink, head: await headOf(sink) })),
  )
  const { state, blob } = await store.read(async (rows) => ({
    state: await readState(rows, keys.keyring),
    blob: await readKeyring(rows),
  }))
  const { revision } = readKeyringHeader(blob)
  refuseOldKeyring(revision, state.keyringRevision)
  refuseRollback(state.generation, before.generation, 'the audit log')
  for (const { sink, head } of witnesses) {
    if (head !== undefined) refuseRollback(state.generation, head.generation, sink.description)
  }
  // Again, since the store's state may speak of what was appended since the first look.
  const tail = await log.refresh()
  if (checkpoint !== undefined) refuseBehind(state.generation, log, tail, checkpoint)
  if (tail.seq < state.anchor.seq) throw cutLog(log, state.anchor.seq, tail.seq)
  if (state.generation > tail.generation) await log.complete(state.generation)
  if (state.anchor.seq === 0) {
    await (await import('./anchor.ts')).anchorLog(store, keys.keyring, log, random)
  }
}

/** @throws CofferError `audit_unavailable` for a sink that does not answer in time */
async function headOf(sink: Sink): Promise<{ readonly generation: number } | undefined> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new CofferError(
          'audit_unavailable',
          `The audit sink ${sink.description} does not say where it stands.`,
        ),
      )
    }, LIMITS.auditSinkTimeoutMs)
  })
  try {
    return await Promise.race([sink.head?.(), expired])
  } finally {
    clearTimeout(timer)
  }
}

function refuseBehind(
  generation: number,
  log: AuditLog,
  tail: { readonly seq: number },
  checkpoint: AuditHead,
): void {
  refuseRollback(generation, checkpoint.generation, 'the checkpoint')
  if (tail.seq < checkpoint.seq) throw cutLog(log, checkpoint.seq, tail.seq)
}

const cutLog = ({ description }: AuditLog, known: number, found: number) =>
  found === 0
    ? new CofferError(
        'audit_tampered',
        `The ${description} is empty, but entry ${known} is known to have been written.`,
        {
          remedy:
            'If the log is in another directory, name that: --audit-dir, COFFER_AUDIT_DIR. If not, see docs/runbooks/audit.md.',
          details: { known, found },
        },
      )
    : new CofferError(
        'audit_tampered',
        `The ${description} ends at entry ${found}, but entry ${known} is known to have been written.`,
        { details: { known, found } },
      )

function platformOf(place: Place, options: PlatformOptions, parts: Parts): Platform {
  let jwt: Promise<JwtVerifier> | undefined
  const verifier = async () =>
    (await import('../adapters/jwt/verifier.ts')).createJwtVerifier({ now: place.clock })
  return createEngine({
    ...parts,
    clock: place.clock,
    random: place.random,
    valueBytesMax: valueBytesMax(options.valueBytesMax),
    verifyJwt: async (token, issuer) => (await (jwt ??= verifier())).verify(token, issuer),
    seals: {
      find: async (...asked) => (await import('./seal-options.ts')).sealFor(...asked),
      context: (sealOptions) => place.sealContext(sealOptions ?? {}),
    },
    checkStore: () => STORES.sqlite.check(place),
    outsideChecks: [() => privateDirectory(place.dataDir), () => soundFile(place)],
    writeBackup: async (file, keys, text) => {
      const { writeAgeFile } = await import('../adapters/backups/age-file.ts')
      return writeAgeFile(file, keys, text)
    },
  })
}

function valueBytesMax(asked: number = LIMITS.valueBytesMax): number {
  if (Number.isInteger(asked) && asked >= 1 && asked <= LIMITS.valueBytesCeiling) return asked
  throw new CofferError(
    'invalid_argument',
    `valueBytesMax is a whole number from 1 to ${LIMITS.valueBytesCeiling}.`,
  )
}

async function soundFile(place: Place) {
  await STORES.sqlite.check(place)
  return { name: 'store file', ok: true, detail: 'trees, indexes and free room agree' }
}

async function privateDirectory(dataDir: string) {
  const { mode } = statSync(dataDir)
  const open = (mode & 0o077) !== 0
  return {
    name: 'data directory',
    ok: !open,
    detail: open ? `${dataDir} can be entered by others` : `${dataDir} is private`,
    ...(open ? { code: 'key_exposed', remedy: `Run \`chmod 700 ${shellWord(dataDir)}\`.` } : {}),
  }
}

/** A wrong key is an attempt worth knowing of; the line is signed by the next good start. */
async function auditWrongKey(place: Place, blob: Uint8Array, error: unknown): Promise<void> {
  if (!isCofferError(error, 'wrong_key')) return
  const { storeId } = readKeyringHeader(blob)
  try {
    const log = await openSealedLog(place, storeId)
    try {
      await log.append([
        {
          at: place.clock(),
          actor: localActor(),
          action: 'store.unseal',
          outcome: 'denied',
          resource: 'store:keys',
          code: 'wrong_key',
        },
      ])
    } finally {
      await log.close()
    }
  } catch {
    // Nothing is handed out either way; the wrong key is the error to tell of.
  }
}

/** Nobody who typed a passphrase thinks of it as a root key. */
function asPassphrase(blob: Uint8Array, error: unknown): unknown {
  if (!isCofferError(error, 'wrong_key')) return error
  if (readKeyringHeader(blob).seal !== 'passphrase') return error
  return new CofferError('wrong_key', `The passphrase is wrong. ${error.message}`, {
    remedy: 'Give the passphrase of this store.',
    details: error.details,
    cause: error,
  })
}

const missing = (place: Place) =>
  new CofferError('store_missing', `There is no store in ${place.dataDir}.`)
