/**
 * The only room that wires adapters into an engine. Everything below takes what it needs as
 * arguments; here the process's own clock, randomness, environment and file system come in.
 */
export type { InitOptions } from './compose/init.ts'
export { openPlatform } from './compose/open.ts'
export type {
  BackupInspection,
  BackupKey,
  InitReport,
  PlatformOptions,
  RestoreReport,
} from './compose/options.ts'
export { localActor } from './compose/place.ts'
export { pooledRandom } from './compose/random.ts'
export { openCoffer } from './compose/open-coffer.ts'
export type { OpenedCoffer } from './compose/open-coffer.ts'

/**
 * Makes a store with its root key, keyring, log and first administrator. Interrupted anywhere it can
 * simply be repeated. @throws `store_exists`, and what the seal throws
 */
export const initPlatform: (typeof import('./compose/init.ts'))['initPlatform'] = async (options) =>
  (await import('./compose/init.ts')).initPlatform(options)

export type { SealInspection } from './compose/unseal.ts'
type Unseal = typeof import('./compose/unseal.ts')

/** What a closed store says of its seal; absent when there is none. */
export const inspectSeal: Unseal['inspectSeal'] = async (options) =>
  (await import('./compose/unseal.ts')).inspectSeal(options)

/** The root key by the store's own seal, for `openPlatform` in other processes. Erase it. */
export const unsealRootKey: Unseal['unsealRootKey'] = async (options) =>
  (await import('./compose/unseal.ts')).unsealRootKey(options)

type Restore = typeof import('./compose/restore.ts')

/** Audited new epoch of a store that was put back on purpose. */
export const acceptRestored: Restore['acceptRestored'] = async (options) =>
  (await import('./compose/restore.ts')).acceptRestored(options)

/** What a backup says of itself, and whether its root key is held here. */
export const inspectBackup: Restore['inspectBackup'] = async (file, options) =>
  (await import('./compose/restore.ts')).inspectBackup(file, options)

/** @throws `not_empty`, `backup_key`, `backup_invalid`, `wrong_key` before anything is touched */
export const restorePlatform: Restore['restorePlatform'] = async (file, options) =>
  (await import('./compose/restore.ts')).restorePlatform(file, options)

type Chain = typeof import('./crypto/audit-chain.ts')

/** Checks an exported audit log with nothing but the public key and the store's id. */
export const verifyExport: Chain['verifyExport'] = async (...given) =>
  (await import('./crypto/audit-chain.ts')).verifyExport(...given)
