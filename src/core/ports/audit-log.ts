import type { AuditAction, AuditEvent } from '../event.ts'
import type {
  AuditEntry,
  AuditFilter,
  AuditHead,
  AuditReport,
  AuditVerifyOptions,
} from './coffer.ts'
import type { OutboxRow } from './store.ts'

/** The event of a change, as its line in the log will have it (`eventBody`). */
export interface CommittedEvent {
  readonly generation: number
  readonly body: string
}

/**
 * The tamper-evident log (docs/formats/audit.md). One chain per directory, shared by processes.
 * Two ways in: `append` for events that change nothing in the store (reads, denials, failures),
 * `complete` for changes, whose events wait in the store's outbox and are taken from there in
 * generation order, whichever process gets to it first.
 */
export interface AuditLog {
  readonly description: string
  /** The newest durable point known to this process; never ahead of the truth. */
  readonly tail: AuditTail
  /**
   * Asked before a change is made: while the disk has no room for the reserve, what is left of it is
   * for administrators' changes. @throws `audit_unavailable` for the others
   */
  admit(action: AuditAction): Promise<void>
  /** Gives the reserve up for an administrator's change that finds no room; whether it was there. */
  makeRoom(action: AuditAction): boolean
  /**
   * Resolves when the events are durable in the log and in every required sink. Events of
   * concurrent calls share one flush.
   * @throws `audit_unavailable`, also after `auditLockTimeoutMs`, also when the queue is full
   */
  append(events: readonly AuditEvent[]): Promise<void>
  /**
   * Resolves when the outbox up to and including `generation` is in the log, and in every required
   * sink. Until the log is synced, which `tail` tells, it is durable in the outbox.
   * @throws `audit_unavailable`; `audit_tampered` when the log lacks generations that the outbox
   * no longer has (it was cut)
   *
   * `committed` are events that the caller has just committed: with them at hand the log need not
   * read the outbox again.
   */
  complete(generation: number, committed?: readonly CommittedEvent[]): Promise<void>
  /** Looks at the files again (another process may have appended). */
  refresh(): Promise<AuditTail>
  query(filter: AuditFilter): Promise<AuditEntry[]>
  verify(options?: AuditVerifyOptions & { readonly anchor?: AuditAnchor }): Promise<AuditReport>
  head(): Promise<AuditHead>
  follow(each: (entry: AuditEntry) => void, failed: (error: unknown) => void): () => void
  /**
   * Durable entries of committed changes behind entry `seq`, by any process, oldest first, at most
   * `limit`. The answer's `seq` is how far was looked: where the next call goes on.
   * @throws `not_found` when the log no longer has what follows `seq`
   */
  changesAfter(seq: number, limit: number): Promise<AuditChanges>
  export(filter?: { fromSeq?: number }): AsyncIterable<Uint8Array>
  /**
   * Removes whole segments that are older than the retention; the chain then starts at a signed
   * `audit.prune` event that names the hash it continues from. Returns removed segment names.
   */
  prune(now: number, actor: string): Promise<readonly string[]>
  close(): Promise<void>
}

export interface AuditChanges {
  readonly entries: readonly AuditEntry[]
  readonly seq: number
  /** There may be more behind `seq` already. */
  readonly more: boolean
}

export interface AuditTail {
  /** Of the last line; 0 when the log is empty. */
  readonly seq: number
  /** SHA-256 of the last line, base64url; '' when the log is empty. */
  readonly hash: string
  /** Greatest generation in the log; 0 when none. */
  readonly generation: number
}

/** A point of the log that the store remembers from its last change. */
export interface AuditAnchor {
  readonly seq: number
  readonly hash: string
}

/** Signs flushes; absent while sealed. */
export interface AuditSigner {
  /** Fingerprint of the public key. */
  readonly key: string
  /** Ed25519 public key, SPKI PEM. */
  readonly publicKeyPem: string
  sign(bytes: Uint8Array): Uint8Array
}

/** What the log needs of the store. */
export interface OutboxSource {
  after(generation: number, limit: number): Promise<OutboxRow[]>
}
