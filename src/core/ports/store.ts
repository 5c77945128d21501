/**
 * Where a Coffer keeps its rows. A store is untrusted (law 1): it is handed ciphertext and
 * authenticated metadata, and everything that it hands back is verified by the engine. It knows
 * nothing of secrets, policies or time.
 *
 * Promises every store keeps, tested by `storeContract` in src/testing:
 * - `read` sees one snapshot: all of some committed transactions, none of others.
 * - `write` is serialised across processes; when its callback rejects, nothing of it remains; when
 *   it resolves, everything of it survives a crash. Several may be committed together: each then sees
 *   what those before it did, and all of them reject when that cannot be committed. None begins before
 *   a blob, policy, role, actor or setting is committed: engines keep what follows from these. In its
 *   callback nothing may wait for another write, and a `read` sees only what is committed.
 * - No stale reads: a transaction that begins after a `write` resolved, in any process, sees it.
 * - Absent is `undefined`. Everything else is a CofferError: `store_busy` (waited
 *   `storeBusyTimeoutMs`), `store_full`, `store_read_only`, `store_unavailable`, `corrupt`.
 */
export interface Store {
  /** For messages: the adapter's kind and where it is, without credentials. */
  readonly description: string
  /**
   * The one query of a read, as fast as this store can: the head at `path`, the envelope of the
   * version that the head's `current` column names, and the counters, all from one snapshot.
   * Synchronous stores may answer without a promise. `atLeast` is a generation that is known to be
   * committed: what was seen before it is no answer.
   */
  current(path: string, atLeast?: number): CurrentRow | Promise<CurrentRow>
  /** One head of any kind with the counters, from one snapshot, in the same way. */
  head(kind: HeadKind, path: string, atLeast?: number): HeadAnswer | Promise<HeadAnswer>
  /**
   * For whoever goes on with several requests that have all arrived: until the event loop goes on
   * itself, and so before anything else can arrive, `current` and `head` may answer all of them as
   * of one moment, which is not before this call. A store that cannot leaves it out.
   */
  shareLook?(): void
  read<T>(work: (rows: StoreReader) => Promise<T>): Promise<T>
  write<T>(work: (rows: StoreWriter) => Promise<T>): Promise<T>
  /**
   * Takes or renews the named lease; true when `holder` has it until `nowMs + ttlMs`. Not audited,
   * no generation: it only chooses who does background work. One that ends more than
   * a day and more than `ttlMs` from now was taken by a clock that was ahead, and holds nobody up.
   */
  lease(name: string, holder: string, nowMs: number, ttlMs: number): Promise<boolean>
  /**
   * After a `write` that erased something: returns when no copy of the erased bytes is left in
   * files that this store manages. @throws `store_busy` while a reader still holds an old snapshot.
   */
  scrub(): Promise<void>
  close(): Promise<void>
}

/** What a row is the head of. */
export type HeadKind = 'secret' | 'policy' | 'role' | 'actor' | 'setting' | 'credential'

export interface HeadRow {
  readonly kind: HeadKind
  /** The path of a secret, the name of anything else. */
  readonly path: string
  /** Authenticated bytes; opaque here. */
  readonly head: Uint8Array
  /** The generation of the transaction that put this row. */
  readonly generation: number
}

export interface VersionRow {
  /** The secret's id, 32 hex digits. */
  readonly id: string
  /** From 1. */
  readonly version: number
  /** The path that its DEK's wrap is bound to: what a re-wrap needs to know. */
  readonly path: string
  /** The KEK term that wraps its DEK. */
  readonly term: number
  /** Empty, as is `path`, when the row is so damaged that nothing can be told from it. */
  readonly envelope: Uint8Array
  /** Where a walk has found it: a hint for who puts it again, so that it need not be searched for. */
  readonly place?: number | undefined
}

export interface VersionPage {
  readonly rows: readonly VersionRow[]
  /** Where the next page begins; absent behind the last. */
  readonly end?: string | undefined
}

/** Plain counters; their truth is established by `seal` (opaque, authenticated by the engine). */
export interface StateRow {
  readonly generation: number
  /** The generation of the last change to a policy, role or actor. */
  readonly accessGeneration: number
  readonly seal: Uint8Array
}

export interface HeadAnswer {
  readonly generation: number
  readonly accessGeneration: number
  /** Absent: nothing at this path. */
  readonly head?: Uint8Array
}

export interface CurrentRow extends HeadAnswer {
  /** Absent: the head has no current version, or its row is gone. */
  readonly envelope?: Uint8Array
}

export interface OutboxRow {
  readonly generation: number
  /** The audit event of that generation's change, as JSON. */
  readonly event: string
}

export interface HeadRange {
  readonly kind: HeadKind
  /** Only paths greater than this (UTF-8 byte order). */
  readonly after?: string
  /** Only paths greater than or equal to this. */
  readonly from?: string
  /** Only paths less than this. */
  readonly before?: string
  readonly limit: number
}

export interface StoreReader {
  /** Absent: the store was never initialised. */
  state(): Promise<StateRow | undefined>
  /** A named blob: `keyring`, `identity`. */
  blob(name: string): Promise<Uint8Array | undefined>
  head(kind: HeadKind, path: string): Promise<HeadRow | undefined>
  /** Ascending by path in UTF-8 byte order. */
  heads(range: HeadRange): Promise<HeadRow[]>
  version(id: string, version: number): Promise<VersionRow | undefined>
  /**
   * All versions, each once, in whatever order costs the store least, at most `limit` after the `end`
   * of the page before. From one transaction to the next a version changes its place only by being put.
   */
  versions(after: string | undefined, limit: number): Promise<VersionPage>
  /** The terms in use and how many versions each, ascending. May look at every version. */
  terms(): Promise<{ term: number; versions: number }[]>
  /** Ascending by generation, greater than `after`. */
  outbox(after: number, limit: number): Promise<OutboxRow[]>
}

export interface StoreWriter extends StoreReader {
  putState(state: StateRow): Promise<void>
  putBlob(name: string, bytes: Uint8Array): Promise<void>
  /** Inserts or replaces. `id` and `current` let `current()` find the envelope in the same query. */
  putHead(row: HeadRow, version?: { id: string; current: number | undefined }): Promise<void>
  removeHead(kind: HeadKind, path: string): Promise<void>
  putVersion(row: VersionRow): Promise<void>
  /** Overwrites the erased bytes where the store can; see `scrub`. */
  removeVersion(id: string, version: number): Promise<void>
  appendOutbox(row: OutboxRow): Promise<void>
  /** Forgets rows up to and including `generation`: they are durable in the log. */
  trimOutbox(generation: number): Promise<void>
}
