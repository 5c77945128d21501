import type { AuditHead } from '../core/ports/coffer.ts'
import type { Clock, Random } from '../core/ports/ambient.ts'
import type { Sink } from '../core/ports/sink.ts'

/** Where a platform lives and what it may use of the world. Defaults are the process's own. */
export interface PlatformOptions {
  /** Default: `COFFER_DATA_DIR`, then `/data/secrets`. */
  readonly dataDir?: string | undefined
  /** Where the audit log lives; default `<dataDir>/audit`. */
  readonly auditDir?: string | undefined
  readonly env?: Readonly<Record<string, string | undefined>>
  /** For the seal: `{ file: '/etc/coffer.key' }`. */
  readonly sealOptions?: Readonly<Record<string, string | undefined>>
  readonly prompt?: ((question: string) => Promise<string>) | undefined
  /** Instead of asking the seal: a copy is kept while the platform is open, and erased with it. */
  readonly rootKey?: Uint8Array | undefined
  /** Every line must be acknowledged by these too before anything is handed out. */
  readonly sinks?: readonly Sink[]
  readonly auditRetentionDays?: number | undefined
  /** After each flush of the audit log: the seconds until its events were durable. */
  readonly auditFlushed?: ((seconds: number) => void) | undefined
  readonly valueBytesMax?: number | undefined
  /** A head that was kept elsewhere: a store or log behind it is refused. */
  readonly checkpoint?: AuditHead | undefined
  readonly clock?: Clock
  readonly random?: Random
}

export interface InitReport {
  readonly storeId: string
  readonly dataDir: string
  readonly seal: string
  readonly fingerprint: string
  /** What the person must know: where the key file is. */
  readonly notes: readonly string[]
  /** The root key in parts, shown this once; empty for a seal without shares. */
  readonly shares: readonly string[]
}

export interface RestoreReport {
  readonly secrets: number
  readonly versions: number
  readonly generation: number
  readonly fingerprint: string
  /** Secrets, and versions (`PATH vN`), that were damaged: only with `withoutDamaged`. */
  readonly leftOut: readonly string[]
  /** Whether all heads together are what the store once held; false once a secret is left out as a whole. */
  readonly digestOk: boolean
}

/** What a backup says of itself after it is opened with its own key and before it is restored. */
export interface BackupInspection {
  readonly storeId: string
  readonly createdAt: number
  readonly generation: number
  readonly secrets: number
  readonly versions: number
  /** The root key that a restore needs. */
  readonly fingerprint: string
  readonly sealKind: string
  /** Whether this process holds that root key now. */
  readonly keyHeld: boolean
}

/** One of the two. */
export interface BackupKey {
  /** age identities (`AGE-SECRET-KEY-1…`). */
  readonly identities?: readonly string[]
  readonly passphrase?: string
}
