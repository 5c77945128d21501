import path from 'node:path'
import type {
  CurrentRow,
  HeadAnswer,
  HeadKind,
  Store,
  StoreReader,
  StoreWriter,
} from '../../core/ports/store.ts'
import { LIMITS } from '../../core/limits.ts'
import { leaseHorizonMs } from './lease.ts'
import { STORE_FILE } from './adapter.ts'
import type { StoreLocation } from './adapter.ts'
import { storeClosed } from './misuse.ts'
import { type Cell, Connection } from './sqlite/connection.ts'
import { ensureFile, ensureSchema, requireFile } from './sqlite/create.ts'
import { storeError } from './sqlite/errors.ts'
import { type Waiting, carryOutTogether, resultOf } from './sqlite/group.ts'
import { FileGuard } from './sqlite/guard.ts'
import { Manners, type Patience, Turns, whenFree } from './sqlite/patience.ts'
import { Pool } from './sqlite/pool.ts'
import { KIND_CODES } from './sqlite/schema.sql.ts'
import { SqliteReader, currentRow } from './sqlite/rows.ts'
import { type Asked, SeenRows } from './sqlite/seen.ts'
import { WalBound, emptyWal } from './sqlite/wal.ts'

export interface SqliteStoreOptions {
  /** Made if absent, 0600 in a 0700 directory; SQLite keeps `-wal` and `-shm` beside it. */
  readonly file: string
  /** An absent or blank file is `store_missing`, and nothing is made. */
  readonly mustExist?: boolean | undefined
  /** How long to wait for other processes. Default `LIMITS.storeBusyTimeoutMs`. */
  readonly busyTimeoutMs?: number | undefined
  /** Milliseconds; only differences matter. */
  readonly now?: (() => number) | undefined
  readonly sleep?: ((ms: number) => Promise<void>) | undefined
}

/** Snapshots that may be open at once; further reads queue. */
const READERS_MAX = 4
const CURRENT_CACHE_KIB = 8_192
const READER_CACHE_KIB = 4_096
const WRITER_CACHE_KIB = 16_384
/** A look finds whether the file is still in place after this long, or after so many looks. */
const GUARD_EVERY_MS = 100
const GUARD_EVERY_LOOKS = 1_000
/** Reading a body that has arrived takes some ticks, each followed by what it brought about. */
const SHARED_ROUNDS = 6

/**
 * A store in one SQLite file (WAL, synchronous=FULL, secure_delete). Waits for other processes
 * without blocking the event loop. Writes of one process queue in order, without a limit of time, and
 * those that wait are committed together (docs/adr/0041): do not write, scrub or close inside a
 * transaction's callback.
 *
 * Every transaction is refused when the file was replaced (`store_rolled_back`) or deleted
 * (`store_unavailable`); `current` notices within 100 ms.
 *
 * @throws `store_missing`, `store_newer`, `corrupt`, `store_busy`, `store_full`, `store_read_only`,
 * `store_unavailable`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, mustExist = false } = options
  const patience: Patience = {
    timeoutMs: options.busyTimeoutMs ?? LIMITS.storeBusyTimeoutMs,
    now: options.now ?? (() => Number(process.hrtime.bigint()) / 1e6),
    sleep: options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
  }
  if (mustExist) requireFile(file)
  else ensureFile(file)
  const connection = await connect(file, CURRENT_CACHE_KIB, patience)
  try {
    await whenFree(() => ensureSchema(connection, mustExist), patience)
    return new SqliteStore(connection, patience)
  } catch (error) {
    connection.close()
    throw error
  }
}

/** `STORE_FILE` in the data directory. @throws as `openSqliteStore` */
export function openSqliteIn({ dataDir, ...options }: StoreLocation): Promise<Store> {
  return openSqliteStore({ ...options, file: path.join(dataDir, STORE_FILE) })
}

/** Waits while another process repairs the WAL after a crash. */
const connect = (file: string, cacheKib: number, patience: Patience): Promise<Connection> =>
  whenFree(() => new Connection(file, cacheKib), patience)

class SqliteStore implements Store {
  readonly description: string
  readonly #file: string
  readonly #patience: Patience
  readonly #guard: FileGuard
  /** Never inside a transaction, so that `current` sees the newest commit. */
  readonly #newest: Connection
  readonly #readers: Pool
  readonly #turns = new Turns()
  /** Writes that have not begun, in the order of their turns. */
  readonly #waiting: Waiting[] = []
  readonly #manners: Manners
  readonly #walBound: WalBound
  #writer: Connection | undefined
  readonly #seen = new SeenRows()
  /** SQLite's `data_version` at the last look: what was seen is of this one. */
  #version: Cell | undefined
  /** Whoever asks now may rely on a look that was taken since `shareLook`. */
  #sharing = false
  #looked = false
  #guardLooksLeft = 0
  #guardDueAt = -Infinity
  #busy = 0
  #whenIdle: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor(newest: Connection, patience: Patience) {
    this.#file = newest.file
    this.description = `sqlite ${newest.file}`
    this.#patience = patience
    this.#guard = new FileGuard(newest.file)
    this.#newest = newest
    this.#readers = new Pool(() => this.#open(READER_CACHE_KIB), READERS_MAX)
    this.#manners = new Manners(patience)
    this.#walBound = new WalBound(newest.file, patience)
  }

  current(path: string, atLeast = 0): CurrentRow | Promise<CurrentRow> {
    return this.#newestRow('current', path, atLeast)
  }

  head(kind: HeadKind, path: string, atLeast = 0): HeadAnswer | Promise<HeadAnswer> {
    return this.#newestRow(kind, path, atLeast)
  }

  shareLook(): void {
    this.#looked = false
    if (this.#sharing) return
    this.#sharing = true
    afterRounds(SHARED_ROUNDS, () => {
      this.#sharing = false
    })
  }

  read<T>(work: (rows: StoreReader) => Promise<T>): Promise<T> {
    return this.#during(() =>
      this.#readers.lend(async (connection) => {
        this.#guard.check()
        await whenFree(() => beginSnapshot(connection), this.#patience)
        const rows = new SqliteReader(connection)
        try {
          return await work(rows)
        } finally {
          rows.end()
          connection.rollback()
        }
      }),
    )
  }

  async write<T>(work: (rows: StoreWriter) => Promise<T>): Promise<T> {
    if (this.#closed) throw storeClosed(this.description)
    const own: Waiting = { work }
    this.#waiting.push(own)
    return this.#during(() =>
      this.#turns.take(async () => {
        // One before it may have taken it along.
        if (own.outcome === undefined) {
          // The first of those that wait, and out of the queue before anything can fail: what is
          // refused now must not be carried out with another.
          this.#waiting.shift()
          await this.#writeTogether(own)
        }
        return resultOf(own) as T
      }),
    )
  }

  lease(name: string, holder: string, nowMs: number, ttlMs: number): Promise<boolean> {
    return this.#alone(async (connection) => {
      this.#guard.check()
      const horizonMs = leaseHorizonMs(nowMs, ttlMs)
      const take = () => connection.run('lease', name, holder, nowMs + ttlMs, nowMs, horizonMs)
      return (await whenFree(take, this.#patience)) > 0
    })
  }

  scrub(): Promise<void> {
    return this.#alone(async (connection) => {
      this.#guard.check()
      await whenFree(() => emptyWal(connection), this.#patience)
    })
  }

  /** Waits for what is running; the last process to close leaves a single file. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  /** Without a promise, unless another process is in the way. */
  #newestRow(asked: Asked, path: string, atLeast: number): CurrentRow | Promise<CurrentRow> {
    if (this.#closed) throw storeClosed(this.description)
    try {
      return this.#seenRow(asked, path, atLeast)
    } catch (error) {
      const failure = storeError(error, this.#file)
      if (failure.code !== 'store_busy') throw failure
      return this.#during(() => whenFree(() => this.#seenRow(asked, path, atLeast), this.#patience))
    }
  }

  #seenRow(asked: Asked, path: string, atLeast: number): CurrentRow {
    if (!this.#sharing || !this.#looked) this.#look()
    let row = this.#seen.get(asked, path)
    if (row !== undefined && row.generation < atLeast) {
      this.#look()
      row = this.#seen.get(asked, path)
    }
    if (row !== undefined) return row
    row = asked === 'current' ? this.#current(path) : this.#head(asked, path)
    this.#seen.add(asked, path, row)
    return row
  }

  /**
   * Forgets what was seen if anything was committed since, by whomever. `data_version` differs when,
   * and only when, another connection has committed in between, and `#newest` itself never writes.
   */
  #look(): void {
    this.#refuseReplaced()
    const version = this.#newest.get('dataVersion')?.[0]
    if (version !== this.#version) this.#seen.clear()
    this.#version = version
    this.#looked = true
  }

  /** Looks now and then. */
  #refuseReplaced(): void {
    this.#guardLooksLeft -= 1
    const at = this.#patience.now()
    if (this.#guardLooksLeft >= 0 && at < this.#guardDueAt) return
    this.#guard.check()
    this.#guardLooksLeft = GUARD_EVERY_LOOKS
    this.#guardDueAt = at + GUARD_EVERY_MS
  }

  #current(path: string): CurrentRow {
    const row = this.#newest.get('current', path)
    const isHintStale = row?.[3] === null && row[4] !== null
    return currentRow(isHintStale ? this.#newest.get('currentWithoutHint', path) : row, this.#file)
  }

  #head(kind: HeadKind, path: string): CurrentRow {
    return currentRow(this.#newest.get('newestHead', KIND_CODES[kind], path), this.#file)
  }

  async #writeTogether(first: Waiting): Promise<void> {
    const connection = await this.#openWriter()
    await this.#manners.enter(() => connection.run('beginImmediate'))
    const commit = () => {
      this.#guard.check()
      this.#looked = false
      connection.run('commit')
    }
    try {
      const { now } = this.#patience
      await carryOutTogether({ first, behind: this.#waiting, connection, now, commit })
    } finally {
      connection.rollback()
      this.#manners.leave()
    }
    await this.#walBound.keep(connection)
  }

  /** One more connection to the file that is open, and to no other. */
  async #open(cacheKib: number): Promise<Connection> {
    this.#guard.check()
    const connection = await connect(this.#file, cacheKib, this.#patience)
    try {
      this.#guard.check()
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  }

  #alone<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#during(() => this.#turns.take(async () => work(await this.#openWriter())))
  }

  async #openWriter(): Promise<Connection> {
    this.#writer ??= await this.#open(WRITER_CACHE_KIB)
    return this.#writer
  }

  async #during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw storeClosed(this.description)
    this.#busy += 1
    try {
      return await work()
    } finally {
      this.#busy -= 1
      if (this.#busy === 0) this.#whenIdle?.()
    }
  }

  async #close(): Promise<void> {
    if (this.#busy > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    this.#readers.close()
    this.#newest.close()
    this.#writer?.close()
  }
}

/**
 * Called when so many times no microtask was left: a tick that a microtask asks for comes then. Ticks
 * and microtasks come before anything else can arrive, however many there are.
 */
function afterRounds(rounds: number, done: () => void): void {
  queueMicrotask(() =>
    process.nextTick(() => {
      if (rounds > 1) afterRounds(rounds - 1, done)
      else done()
    }),
  )
}

/** The snapshot is taken by the first query, so one is made here, where it can be repeated. */
function beginSnapshot(connection: Connection): void {
  try {
    connection.run('begin')
    connection.get('state')
  } catch (error) {
    connection.rollback()
    throw error
  }
}
