import type { CofferError } from '../errors.ts'
import type { AuditAction, AuditEvent } from '../event.ts'
import type { Action } from '../policy/policy.ts'
import type { AddressPermissions } from '../policy/vault/permissions.ts'
import type { SecretRecord } from '../record.ts'
import type { JsonObject } from '../value.ts'
import type { AuditReport, Coffer } from './coffer.ts'
import type { Grants, Identities } from './identities.ts'
import type { Jobs } from './jobs.ts'
import type { Settings } from './settings.ts'

/**
 * An opened store with its keys: what the operator of a local Coffer has beyond what actors can do.
 * Made by `openPlatform` in src/compose.ts.
 */
export interface Platform {
  /** A Coffer bound to an actor. The origin goes into its audit events. */
  as(actor: string, origin?: OriginInput): Coffer
  readonly storeId: string
  readonly keys: KeyAdmin
  /** How callers of a server become actors. */
  readonly identities: Identities
  readonly settings: Settings
  /**
   * What is known of a secret, for a dialect's own use: who asks is not looked at and nothing is
   * audited, so nothing of it is told before a call of a `Coffer` has allowed that.
   */
  peek(path: string): Promise<SecretRecord | undefined>
  /**
   * Called before work on several requests goes on that have all arrived: what they read may be of
   * one moment, which is not before this call. See `Store.shareLook`.
   */
  shareLook(): void
  /**
   * What an actor may do at an address of the Vault dialect (`sys/auth`, `secret/data/app/x`), by all of
   * its policies. Not audited. `asList`: as rules are found for a list. `labels`: those of the version
   * that it is about; default `current`.
   */
  vaultPermissions(
    subject: { readonly actor: string; readonly grants?: Grants | undefined },
    address: string,
    options?: { readonly asList?: boolean; readonly labels?: readonly string[] | undefined },
  ): Promise<AddressPermissions>
  /** Looks at everything and leaves one event, which shows that the log takes events. */
  doctor(options?: { progress?: Progress } & Partial<Operator>): Promise<DoctorReport>
  /**
   * One pass of the background work: purge, prune, rotate what is due, check the digest. The report
   * names what the actor may list.
   */
  sweep(by?: string | Operator, via?: string): Promise<SweepReport>
  /** For background work of a dialect. */
  jobs(): Promise<Jobs>
  /** Runs `sweep` every `everyMs` while this process holds the store's lease. Returns a stop. */
  startSweeping(everyMs?: number): () => Promise<void>
  /**
   * Whether an operator may do what is no change of the store (`admin` on `store:seal`). Audited as
   * `auditedAs` either way; `failure`, where it is given, is what happens to who is allowed. `labels`:
   * those of the version of a secret that it is about; default `current`.
   * @throws `denied`, `failure`
   */
  permit(
    by: Operator,
    action: Action,
    resource: string,
    auditedAs: AuditAction,
    failure?: CofferError,
    labels?: readonly string[],
  ): Promise<void>
  /** Events of the platform's own work, such as counted refusals. Resolves when they are durable. */
  record(events: readonly PlatformEvent[]): Promise<void>
  /**
   * Writes a consistent, encrypted copy to `file` (0600, atomic), once everything in it was opened: what
   * a restore would refuse is not written. Needs action `backup`. @throws `corrupt`, naming what is damaged
   */
  backup(file: string, options: BackupOptions): Promise<BackupReport>
  close(): Promise<void>
}

/** An event without its time, by Coffer itself unless it says otherwise. */
export type PlatformEvent = Omit<AuditEvent, 'at' | 'actor' | 'generation'> & {
  readonly actor?: string | undefined
}

/** By which way in, and with what. */
export interface OriginInput {
  readonly via?: string | undefined
  readonly request?: string | undefined
  /** The client's address. */
  readonly address?: string | undefined
  /** Of the credential; absent: what the actor's own record says. */
  readonly grants?: Grants | undefined
  /** The accessor of the token that acts: what it makes, it takes along. */
  readonly token?: string | undefined
  /**
   * A further refusal of the way in, where policies have allowed: true is `denied`. Asked about an
   * existing secret, for everything but a list.
   */
  readonly refuses?: ((record: SecretRecord, action: Action) => boolean) | undefined
}

/** Who asks, and by which way in: both go into the audit events. */
export interface Operator extends OriginInput {
  readonly actor: string
}

export type Progress = (done: number, total: number) => void

export interface KeyAdmin {
  status(): Promise<KeyStatus>
  /**
   * A new term, then every DEK re-wrapped; old terms retired. Resumes an interrupted one.
   * @throws `corrupt` when all that opens is under the new term, with `details.damaged`: the names of
   * the rest, at most 500; or, without that, before anything is done since the store's file is not sound; `store_busy` when all is done, and the old keyring not yet erased
   */
  rotate(options: Operator & { progress?: Progress }): Promise<KeyRotationReport>
  /** The keyring under another root key. */
  reseal(
    options: Operator & {
      seal: string
      sealOptions?: Readonly<Record<string, string | undefined>>
    },
  ): Promise<{ fingerprint: string; notes: readonly string[]; shares: readonly string[] }>
}

export interface KeyStatus {
  readonly storeId: string
  readonly seal: { readonly kind: string; readonly params: JsonObject }
  /** Of the root key in use. */
  readonly fingerprint: string
  readonly activeTerm: number
  /** When a sweep makes the next term; empty: never. */
  readonly rotation: {
    readonly everyDays?: number | undefined
    readonly dueAt?: number | undefined
  }
  readonly terms: readonly {
    readonly term: number
    readonly createdAt: number
    readonly state: 'active' | 'retiring' | 'destroyed'
    readonly fingerprint: string
    readonly versions: number
    readonly destroyedAt?: number | undefined
  }[]
  /** Root keys, oldest first. */
  readonly roots: readonly {
    readonly fingerprint: string
    readonly seal: string
    readonly since: number
    readonly until?: number | undefined
  }[]
  readonly auditKey: string
}

export interface KeyRotationReport {
  readonly term: number
  /** False when an earlier rotation was finished instead: its term is the new one. */
  readonly made: boolean
  readonly rewrapped: number
  readonly retired: readonly number[]
  readonly seconds: number
}

export interface DoctorReport {
  readonly ok: boolean
  readonly checks: readonly {
    readonly name: string
    readonly ok: boolean
    readonly detail: string
    readonly code?: string | undefined
    readonly remedy?: string | undefined
  }[]
  readonly audit?: AuditReport | undefined
}

export interface SweepReport {
  readonly purged: readonly string[]
  readonly rotated: readonly string[]
  /** Due, but Coffer may not or cannot rotate them itself. */
  readonly due: readonly string[]
  readonly failed: readonly { readonly path: string; readonly code: string }[]
  /** How many more failed, of what the actor may not list, but for what was denied. */
  readonly failedUnnamed: number
  /** The new active term, or the one that versions were left to be wrapped under. */
  readonly keyTerm?: number | undefined
  readonly digestOk: boolean
}

export interface BackupOptions extends Operator {
  /** age recipients (`age1…`), or a passphrase; exactly one of the two. */
  readonly recipients?: readonly string[]
  readonly passphrase?: string
  /** Takes what is damaged along, as it is: a restore of it must be told to leave that out. */
  readonly withDamaged?: boolean | undefined
  readonly progress?: Progress
}

export interface BackupReport {
  readonly file: string
  readonly bytes: number
  readonly secrets: number
  readonly versions: number
  readonly generation: number
  /** The root key a restore will need besides the backup's own key. */
  readonly fingerprint: string
  /** Heads that are damaged or have damaged versions; 0 but for `withDamaged`. */
  readonly damaged: number
}
