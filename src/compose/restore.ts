import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readAgeFile } from '../adapters/backups/age-file.ts'
import { STORE_FILE } from '../adapters/stores/adapter.ts'
import { STORES } from '../adapters/stores/registry.ts'
import { CofferError, isCofferError } from '../core/errors.ts'
import type { AuditLog } from '../core/ports/audit-log.ts'
import type { DoctorReport, Operator, Progress } from '../core/ports/platform.ts'
import type { Store } from '../core/ports/store.ts'
import { openKeyring, rootFingerprint } from '../crypto/keyring.ts'
import type { BackupHeader } from '../engine/backup/format.ts'
import { parseHeader, toBytes } from '../engine/backup/format.ts'
import { leaveOutDamaged } from '../engine/backup/leave-out.ts'
import { LEAVE_OUT, loadBackup } from '../engine/backup/load.ts'
import { operatorOrigin } from '../engine/actors.ts'
import { startEpoch } from '../engine/epoch.ts'
import { createHeadCodec } from '../engine/heads.ts'
import { type Inspected, type IntegrityReport, inspect } from '../engine/integrity.ts'
import { createKeyHolder } from '../engine/keys/holder.ts'
import { openPlatform, closeParts, openLog, openParts, unseal } from './open.ts'
import type { BackupInspection, BackupKey, PlatformOptions, RestoreReport } from './options.ts'
import { placeOf } from './place.ts'
import { sinksOf } from './sinks.ts'

/** What a backup says of itself, and whether this process holds the root key it needs. */
export async function inspectBackup(
  file: string,
  options: PlatformOptions & BackupKey,
): Promise<BackupInspection> {
  const { header, lines } = await openBackup(file, options)
  await lines.return(undefined)
  const { storeId, createdAt, generation, secrets, versions, fingerprint, sealKind } = header
  let keyHeld = false
  try {
    const rootKey = await unseal(toBytes(header.keyring), placeOf(options))
    keyHeld = rootFingerprint(rootKey) === fingerprint
    rootKey.fill(0)
  } catch (error) {
    if (!isCofferError(error)) throw error
  }
  return { storeId, createdAt, generation, secrets, versions, fingerprint, sealKind, keyHeld }
}

export interface RestoreOptions extends PlatformOptions, BackupKey, Operator {
  /** Leaves out secrets and versions that do not open, and restores the rest. */
  readonly withoutDamaged?: boolean | undefined
  readonly progress?: Progress
}

/**
 * Restores into an empty data directory. Both keys are proven before anything is written; the
 * restored rows are checked as a whole before they take their place; the log begins with the event.
 * @throws `not_empty`, `backup_key`, `backup_invalid`, `wrong_key`, `sealed`, `corrupt`
 */
export async function restorePlatform(
  file: string,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const place = placeOf(options)
  const origin = operatorOrigin(options)
  const staging = join(place.dataDir, '.restoring')
  const existed = await refuseNotEmpty(place.dataDir)
  if (place.auditDir !== join(place.dataDir, 'audit')) await refuseNotEmpty(place.auditDir)
  const { header, lines } = await openBackup(file, options)
  let restored: Restored
  try {
    const rootKey = await unseal(toBytes(header.keyring), place)
    const keyring = openKeyring(toBytes(header.keyring), rootKey)
    const keys = createKeyHolder(keyring, rootKey)
    await rm(staging, { recursive: true, force: true })
    await mkdir(staging, { recursive: true, mode: 0o700 })
    const store = await STORES.sqlite.open({ dataDir: staging })
    try {
      const leaveOut = options.withoutDamaged === true
      const gone = await loadBackup(store, keyring, header, lines, leaveOut, (done) =>
        options.progress?.(done, header.versions),
      )
      const now = place.clock()
      const rows = { store, keys, heads: createHeadCodec(keys) }
      restored = await sound(rows, leaveOut ? gone : undefined, now)
      const { leftOut, digest } = restored
      await startEpoch(
        store,
        keyring,
        {
          action: 'store.restore',
          ...origin,
          reason: `backup of generation ${header.generation}${without(leftOut)}`,
          now,
          known: options.checkpoint?.generation ?? 0,
          digest,
          anchor: { seq: 0, hash: '' },
        },
        place.random,
      )
      // All of it is in the one file that is moved: closing would not tell that the disk was full.
      await store.scrub()
    } finally {
      await store.close()
      keys.erase()
    }
    await rename(join(staging, STORE_FILE), join(place.dataDir, STORE_FILE))
    await rm(staging, { recursive: true, force: true })
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    if (!existed) await rmdir(place.dataDir).catch(() => {})
    throw error
  } finally {
    await lines.return(undefined)
  }
  // Opening completes the log from the outbox: the restore is audited before it is reported.
  const { checkpoint: _kept, ...rest } = options
  await (await openPlatform(rest)).close()
  const { generation, fingerprint } = header
  const { secrets, versions, leftOut, digestOk } = restored
  return { secrets, versions, generation, fingerprint, leftOut, digestOk }
}

interface Restored {
  readonly secrets: number
  readonly versions: number
  readonly leftOut: readonly string[]
  /** Of what was loaded. */
  readonly digestOk: boolean
  /** Of what is left. */
  readonly digest: Uint8Array
}

/**
 * Looks at all that was loaded. `gone`, when damage may be left out, are the secrets that already were.
 * @throws CofferError `corrupt`
 */
async function sound(
  rows: Inspected,
  gone: readonly string[] | undefined,
  now: number,
): Promise<Restored> {
  let found = await inspect(rows, { values: true })
  let leftOut = gone ?? []
  const { digestOk } = found
  // With a head less, nobody can tell any more whether the others are all of one moment.
  if (!digestOk && leftOut.length === 0) throw unsound(found, LEAVE_OUT)
  if (gone !== undefined && (found.problems.length > 0 || leftOut.length > 0)) {
    leftOut = [...leftOut, ...(await leaveOutDamaged(rows, now))]
    found = await inspect(rows, { values: true })
  }
  if (found.problems.length > 0) throw unsound(found, gone === undefined ? LEAVE_OUT : OLDER)
  const { secrets, versions, digest } = found
  return { secrets, versions, leftOut, digestOk, digest }
}

const NAMED_MAX = 10
const few = (names: readonly string[]): string =>
  names.slice(0, NAMED_MAX).join(', ') +
  (names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '')

const without = (leftOut: readonly string[]): string =>
  leftOut.length === 0 ? '' : `, without what is damaged: ${few(leftOut)}`

/**
 * Accepts a store that was put back on purpose: its generation goes above everything known, and the
 * log says who decided it. A log that no longer verifies is set aside, never overwritten.
 */
export async function acceptRestored(options: PlatformOptions & Operator): Promise<DoctorReport> {
  const place = placeOf(options)
  const origin = operatorOrigin(options)
  const parts = await openParts(place, options)
  let { log } = parts
  const { store, keys } = parts
  try {
    const { keyring } = keys
    const found = await inspect({ store, keys, heads: createHeadCodec(keys) }, { values: true })
    if (found.problems.length > 0) throw unsound(found, MEND)
    const { ok } = await log.verify()
    if (ok) await completeFromOutbox(store, log)
    const known = Math.max(log.tail.generation, options.checkpoint?.generation ?? 0)
    let reason = `store accepted; log at generation ${log.tail.generation}`
    if (!ok) {
      await log.close()
      const aside = `${place.auditDir}.${new Date(place.clock()).toISOString().replace(/[:.]/g, '-')}`
      await rename(place.auditDir, aside)
      reason = 'store accepted; the log did not verify and was set aside'
      const sinks = await sinksOf(place, options)
      log = await openLog(place, { ...options, sinks }, store, keyring)
    }
    const { seq, hash } = log.tail
    const generation = await startEpoch(
      store,
      keyring,
      {
        action: 'store.epoch',
        ...origin,
        reason,
        now: place.clock(),
        known,
        digest: found.digest,
        anchor: { seq, hash },
      },
      place.random,
    )
    await log.complete(generation)
  } finally {
    await closeParts({ store, log, keys })
  }
  const { checkpoint: _accepted, ...rest } = options
  const platform = await openPlatform(rest)
  try {
    return await platform.doctor(origin)
  } finally {
    await platform.close()
  }
}

/** Events of changes that no process had time to log are not forgotten by the new epoch. */
async function completeFromOutbox(store: Store, log: AuditLog): Promise<void> {
  const generation = await store.read(async (rows) => (await rows.state())?.generation ?? 0)
  if (generation <= log.tail.generation) return
  try {
    await log.complete(generation)
  } catch (error) {
    // The log was put back as well: what it lacks, the outbox has no more.
    if (!isCofferError(error, 'audit_tampered')) throw error
  }
}

async function openBackup(
  file: string,
  { identities, passphrase }: BackupKey,
): Promise<{ header: BackupHeader; lines: AsyncGenerator<string> }> {
  const lines = readAgeFile(file, { identities, passphrase })
  const first = await lines.next()
  if (first.done === true) throw new CofferError('backup_invalid', 'The backup is empty.')
  return { header: parseHeader(first.value), lines }
}

/** What an interrupted restore left may be there. Returns whether there is such a directory. */
async function refuseNotEmpty(directory: string): Promise<boolean> {
  let names: string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw new CofferError('store_unavailable', `${directory} cannot be read.`, { cause: error })
  }
  const found = names.filter((name) => name !== '.restoring')
  if (found.length === 0) return true
  throw new CofferError('not_empty', `${directory} is not empty.`)
}

const OLDER =
  'Take an older backup: policies, roles, actors, settings and credentials are never left out.'
const MEND = 'Mend that first: docs/runbooks/damage.md.'

function unsound({ problems }: IntegrityReport, remedy: string): CofferError {
  const names = problems.map(({ name }) => name)
  if (names.length === 0) {
    return new CofferError('corrupt', 'The rows are not together what was once in a store.')
  }
  return new CofferError('corrupt', `What is damaged: ${few(names)}.`, {
    remedy,
    details: { damaged: names },
  })
}
