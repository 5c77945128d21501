import type { AuditAction } from '../event.ts'
import type { Policy } from '../policy/policy.ts'
import type { RotationRule, SecretRecord, VersionRecord } from '../record.ts'
import type { Secret } from '../secret.ts'
import type { TypeSpec } from '../types/spec.ts'
import type { Encoding, JsonObject, SecretValue } from '../value.ts'
import type {
  AuditEntry,
  AuditFilter,
  AuditHead,
  AuditReader,
  AuditReport,
  AuditVerifyOptions,
} from './audit-reader.ts'
import type { IdentityAdmin } from './identities.ts'
import type { SettingsAdmin } from './settings.ts'

/**
 * What one actor can do with one Coffer. The local engine and the HTTP client implement exactly
 * this and pass the same contract suite (law 11). It is bound to its actor when it is made.
 *
 * Everywhere: absent is `undefined` on a read and `not_found` on a change; `denied` is audited and
 * tells nothing of whether the thing exists; nothing resolves before its audit event is durable.
 * Paths may be given in any accepted spelling and come back canonical.
 */
export interface Coffer {
  /** The actor: `local:alice`. */
  readonly actor: string

  /**
   * One value. Default: the version labelled `current`.
   * @throws `denied`, `deleted`, `destroyed`, `empty_version`, `disabled`, `not_yet_valid`,
   * `expired`, `corrupt`, `audit_unavailable`, `sealed`, `store_*`
   */
  read(ref: ReadRef): Promise<SecretVersion | undefined>
  /** Many at once, answered in order; one refusal does not fail the others. At most `batchMax`. */
  readMany(refs: readonly ReadRef[]): Promise<ReadAnswer[]>
  /**
   * The current value of everything below a prefix that the actor may list, a page at a time: what
   * `list` and then `readMany` would answer, and leave in the audit log, in one go.
   */
  readBelow(query: Pick<ListQuery, 'prefix' | 'cursor'>): Promise<Page<PathAnswer>>

  /**
   * Writes a new version and moves `current` to it (`previous` to the one before) unless `labels`
   * says otherwise. Makes the secret when it is absent. Metadata given here is set, the rest kept.
   */
  write(path: string, input: WriteInput): Promise<WriteReceipt>
  /** Many new versions in one transaction: all or none, one audit event each. For `import`. */
  writeMany(items: readonly { path: string; input: WriteInput }[]): Promise<WriteReceipt[]>
  /** A value that Coffer generates by the secret's type, written as a new version. */
  rotate(path: string, options?: RotateOptions): Promise<WriteReceipt>

  /** Everything but values. */
  describe(path: string): Promise<SecretRecord | undefined>
  list(query?: ListQuery): Promise<Page<SecretRecord>>

  /**
   * Changes metadata; `null` removes a field. Makes no version. With `ifRevision` 0 it makes the
   * secret, without versions.
   */
  update(path: string, change: MetadataChange, options?: Expectation): Promise<SecretRecord>
  /**
   * Changes one version's validity; its value never changes. Needs `update`; for `deleted` alone
   * `delete` or `undelete`.
   */
  updateVersion(path: string, version: number, change: VersionChange): Promise<SecretRecord>
  /** Moves a label to a version, or takes it off (`to` absent). `from`: where it must be now. */
  label(path: string, change: LabelChange): Promise<SecretRecord>
  /** Moves `current` to an older version (`previous` to the one it leaves). Makes no version. */
  rollback(path: string, to: number): Promise<SecretRecord>

  /** Soft delete of the whole secret; purged after the recovery window (0 days: by the next sweep). */
  delete(path: string, options?: { recoveryDays?: number }): Promise<SecretRecord>
  undelete(path: string): Promise<SecretRecord>
  /** Crypto-shreds versions: their DEKs are erased. They stay in the history. */
  destroy(path: string, versions: readonly number[]): Promise<SecretRecord>
  /** Crypto-shreds every version and removes the secret itself. */
  purge(path: string): Promise<void>

  /** Calls back within 2 s of a change of the secret by any process. */
  watch(path: string, changed: () => void, failed: (error: unknown) => void): () => void

  /**
   * Committed changes of secrets that the actor may list or read, oldest first, each once, within
   * 2 s, by whatever process they were made. `after`: the cursor of the last one seen; absent: from
   * now on. Whether the actor may know of it is asked again for each. Returns a function that stops
   * it. After `failed` nothing more comes: `not_found` says that the log no longer has what follows
   * the cursor, `invalid_argument` that it is none of this store. `began` is called once, when
   * nothing from the call on can be missed any more, with the cursor to go on from until there is one
   * of an event.
   */
  events(
    query: { after?: string | undefined; prefix?: string | undefined },
    each: (event: ChangeEvent) => void,
    failed: (error: unknown) => void,
    began?: (cursor: string) => void,
  ): () => void

  readonly access: AccessAdmin
  readonly audit: AuditReader
  readonly identities: IdentityAdmin
  readonly settings: SettingsAdmin
}

/** A secret changed. Never a value. */
export interface ChangeEvent {
  /** Where to go on from: give it back as `after`. */
  readonly cursor: string
  readonly at: number
  readonly action: AuditAction
  readonly path: string
  readonly version?: number | undefined
  readonly label?: string | undefined
}

/** Which version: `version` wins over `label`; neither means `current`. */
export interface ReadRef {
  readonly path: string
  readonly version?: number | undefined
  readonly label?: string | undefined
  /**
   * Read to be delivered to this destination: needs `deliver` there instead of `read`, and is
   * audited with it. A destination's id: `vercel:prj_1/production`.
   */
  readonly deliverTo?: string | undefined
  /**
   * With `deliverTo`: the value comes from another provider (this reference). It is decided and
   * audited, and the answer is `undefined`. A reference that is not the path itself at that provider
   * must be allowed as well: `deliveredElsewhere` in src/core/delivery.ts says as what.
   */
  readonly elsewhere?: string | undefined
}

export interface SecretVersion {
  readonly path: string
  readonly id: string
  readonly version: number
  readonly labels: readonly string[]
  readonly encoding: Encoding
  readonly type: TypeSpec
  readonly createdAt: number
  readonly expiresAt?: number | undefined
  /** Variable name it was imported under. */
  readonly envName?: string | undefined
  /** Of the secret; known where the store is, as are the next two. */
  readonly tags?: SecretRecord['tags'] | undefined
  /** Of the version and of the secret's name, by dialect. */
  readonly ids?: VersionRecord['ids'] | undefined
  readonly spellings?: SecretRecord['spellings'] | undefined
  readonly secret: Secret<SecretValue>
}

export type ReadAnswer = { readonly value: SecretVersion | undefined } | { readonly error: unknown }

export interface PathAnswer {
  readonly path: string
  readonly answer: ReadAnswer
}

export interface Expectation {
  /** Compare-and-set: the secret's `revision` must be this, or `conflict`. 0: must not exist. */
  readonly ifRevision?: number | undefined
}

export interface WriteInput extends Expectation, MetadataChange {
  /** Absent: a version without a value (`pending` to be filled). */
  readonly value?: SecretValue
  /**
   * Instead of a value: what changes in the current one, a JSON object (RFC 7396, `null` removes a
   * member). Hands nothing out, so it needs no `read`.
   * @throws `not_found` without a current version, and whatever reading that would be refused with
   */
  readonly mergePatch?: JsonObject | undefined
  /**
   * How many versions are kept after this write where the secret itself does not say; at most
   * `versionsMax`.
   */
  readonly keepVersions?: number | undefined
  /** Compare-and-set: `current` must be this version, or `conflict`. 0: no version yet. */
  readonly ifVersion?: number | undefined
  /** Labels for the new version. Default `['current']`. `[]` leaves all labels where they are. */
  readonly labels?: readonly string[]
  /** Gives this version, which has no value yet, its value instead of making a new one. */
  readonly fills?: number | undefined
  /** The same token with the same value answers with the first receipt; with another, `token_reused`. */
  readonly token?: string | undefined
  readonly notBefore?: number
  readonly expiresAt?: number
  /** Dialect ids of the new version. */
  readonly ids?: Readonly<Record<string, string>>
}

export interface WriteReceipt {
  readonly path: string
  readonly id: string
  readonly version: number
  readonly revision: number
  /** false when an idempotency token matched and nothing was written. */
  readonly written: boolean
}

/** `undefined` keeps, `null` removes. */
export interface MetadataChange {
  readonly type?: TypeSpec | undefined
  readonly description?: string | null | undefined
  readonly owner?: string | null | undefined
  readonly classification?: string | null | undefined
  /** Replaces all tags. */
  readonly tags?: Readonly<Record<string, string>> | null | undefined
  readonly maxVersions?: number | null | undefined
  readonly envName?: string | null | undefined
  readonly rotation?: RotationRule | null | undefined
  readonly spellings?: SecretRecord['spellings'] | null | undefined
  readonly dialects?: SecretRecord['dialects'] | null | undefined
}

export interface VersionChange {
  readonly enabled?: boolean
  readonly notBefore?: number | null
  readonly expiresAt?: number | null
  /** Soft-deletes or recovers one version. */
  readonly deleted?: boolean
}

export interface LabelChange {
  readonly label: string
  readonly to?: number | undefined
  /** 0: it must be nowhere. */
  readonly from?: number | undefined
}

export interface RotateOptions {
  /** Length of what is generated: characters, or bytes for encryptionKey and binary. */
  readonly length?: number | undefined
  /** Label of the new version; default `current`. */
  readonly labels?: readonly string[]
  readonly token?: string | undefined
}

export interface ListQuery {
  /** A subtree; default all. */
  readonly prefix?: string | undefined
  /** Where the last page ended. Opaque. */
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
  /** Also soft-deleted ones. */
  readonly deleted?: boolean | undefined
  /**
   * One level only: the secrets directly below the prefix and, in the page's `folders`, the names of
   * the next segments that something listable lies below. Both count for `limit`. What lies deeper is
   * skipped, not looked through.
   */
  readonly folders?: boolean | undefined
  readonly where?: ListFilter | undefined
}

/** All given conditions must hold. */
export interface ListFilter {
  /** `key` or `key=value`. */
  readonly tag?: string | undefined
  readonly owner?: string | undefined
  readonly type?: string | undefined
  readonly classification?: string | undefined
  /** `current` is older than this many days. */
  readonly olderThanDays?: number | undefined
  /** `current` expires within this many days (or has expired). */
  readonly expiresWithinDays?: number | undefined
  /** Due for rotation by its rule, or by the default of 90 days. */
  readonly due?: boolean | undefined
}

/** Which part of a list that is not filtered. */
export interface PageQuery {
  /** Where the last page ended. Opaque. */
  readonly cursor?: string | undefined
  /** Default `pageSizeDefault`, at most `pageSizeMax`. */
  readonly limit?: number | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** For a list with `folders`: names without slashes, ascending by UTF-8 bytes. */
  readonly folders?: readonly string[] | undefined
  /** Absent on the last page. */
  readonly cursor?: string | undefined
}

/** A named set of policies that actors can be given. */
export interface Role {
  readonly name: string
  readonly policies: readonly string[]
}

/** Who may be given access: `local:alice`, `service:ci`. */
export interface ActorRecord {
  readonly name: string
  readonly policies: readonly string[]
  readonly roles: readonly string[]
}

/** Policies, roles and actors. Needs action `admin` on `policy:NAME`, `role:NAME`, `actor:NAME`. */
export interface AccessAdmin {
  policies(): Promise<Policy[]>
  putPolicy(policy: Policy): Promise<void>
  deletePolicy(name: string): Promise<void>
  roles(): Promise<Role[]>
  putRole(role: Role): Promise<void>
  deleteRole(name: string): Promise<void>
  actors(): Promise<ActorRecord[]>
  putActor(actor: ActorRecord): Promise<void>
  deleteActor(name: string): Promise<void>
  /** Would it be allowed, and which rule says so. Audited as `describe`, changes nothing. */
  test(question: AccessQuestion): Promise<AccessAnswer>
  /**
   * Every known actor with its answer for this action and path (and, of `deliver`, destination);
   * after them whoever has policies from a credential, or could log in for one.
   */
  who(
    action: string,
    path: string,
    destination?: string,
  ): Promise<{ actor: string; answer: AccessAnswer }[]>
}

export interface AccessQuestion {
  readonly actor: string
  readonly action: string
  readonly path: string
  readonly label?: string | undefined
  /** Of `deliver`: where to. */
  readonly destination?: string | undefined
  readonly at?: number | undefined
}

export interface AccessAnswer {
  readonly allowed: boolean
  /** From the actor to the rule, for a person to read. */
  readonly reasons: readonly string[]
}

export type { SecretRecord, VersionRecord }
export type { AuditEntry, AuditFilter, AuditHead, AuditReader, AuditReport, AuditVerifyOptions }
