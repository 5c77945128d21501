import type { SQLInputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type {
  CurrentRow,
  HeadKind,
  HeadRange,
  HeadRow,
  OutboxRow,
  StateRow,
  StoreReader,
  StoreWriter,
  VersionPage,
  VersionRow,
} from '../../../core/ports/store.ts'
import { checkedLimit, outboxTaken, transactionOver } from '../misuse.ts'
import type { Cell, Connection } from './connection.ts'
import { storeFailure } from './errors.ts'
import { KIND_CODES, type StatementName } from './schema.sql.ts'
import {
  BLOB_TERM,
  FIXED_WIDTH,
  clearSlot,
  fillSlot,
  fixedWidth,
  refillSlotAt,
  unpack,
  unpackBytes,
} from './slots.ts'

/** Before every slot: damage may have put one below the first. */
const FIRST_SLOT = -(2 ** 63)
/** Rows that are counted before others have their turn: some 5 ms. */
const SLOTS_AT_ONCE = 20_000

/** An envelope of which nothing is left: it does not open, and whoever tries says whose it is. */
const DAMAGED = new Uint8Array(0)

const KINDS = new Map(Object.entries(KIND_CODES).map(([kind, code]) => [code, kind as HeadKind]))

/**
 * The rows of one transaction. After the first failed statement all others fail the same way: SQLite
 * may have ended the transaction by itself, and what follows would be committed one by one.
 */
export class SqliteReader implements StoreReader {
  protected readonly connection: Connection
  #failure: Error | undefined
  #over = false

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** What the transaction must not be committed with. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** From here on every call is refused. */
  end(): void {
    this.#over = true
  }

  async state(): Promise<StateRow | undefined> {
    const row = this.#get('state')
    return (
      row && {
        generation: this.#number(row[0]),
        accessGeneration: this.#number(row[1]),
        seal: this.#bytes(row[2]),
      }
    )
  }

  async blob(name: string): Promise<Uint8Array | undefined> {
    // Without the keyring nothing opens: where the index has lost a blob, every row is looked at.
    const row = this.#get('blob', name) ?? this.#get('blobBesideIndex', name)
    if (row === undefined) return undefined
    const found = unpack(row[0])
    if (found === undefined) throw this.corrupt()
    return found.bytes
  }

  async head(kind: HeadKind, path: string): Promise<HeadRow | undefined> {
    const row = this.#get('head', KIND_CODES[kind], path)
    return row && this.#head(row)
  }

  async heads(range: HeadRange): Promise<HeadRow[]> {
    const kind = KIND_CODES[range.kind]
    const limit = checkedLimit(range.limit)
    const { after, from = '', before } = range
    const rows =
      after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(from)) >= 0
        ? before === undefined
          ? this.#all('headsAfter', kind, after, limit)
          : this.#all('headsAfterBefore', kind, after, before, limit)
        : before === undefined
          ? this.#all('heads', kind, from, limit)
          : this.#all('headsBefore', kind, from, before, limit)
    return rows.map((row) => this.#head(row))
  }

  async version(id: string, version: number): Promise<VersionRow | undefined> {
    const row = this.#get('version', id, fixedWidth(version))
    return row && this.#version(row)
  }

  async versions(after: string | undefined, limit: number): Promise<VersionPage> {
    const from = Number(after ?? FIRST_SLOT)
    const found = this.#all('versions', from, checkedLimit(limit))
    const rows = found.map((row) => this.#version(row, this.#number(row[4])))
    if (found.length < limit) return { rows }
    const end = this.#number(found.at(-1)?.[4])
    if (end <= from) throw this.corrupt()
    return { rows, end: String(end) }
  }

  async terms(): Promise<{ term: number; versions: number }[]> {
    const counts = new Map<number, number>()
    for (let from = FIRST_SLOT; ;) {
      const last = this.#get('lastSlot', from, SLOTS_AT_ONCE)?.[0]
      if (last === null || last === undefined) break
      // In a damaged tree the next may stand before.
      if (this.#number(last) <= from) throw this.corrupt()
      for (const [cell, count] of this.#all('terms', from, last)) {
        const term = this.#number(cell) - FIXED_WIDTH
        counts.set(term, (counts.get(term) ?? 0) + this.#number(count))
      }
      from = this.#number(last)
      await setImmediate()
    }
    return [...counts].toSorted(([a], [b]) => a - b).map(([term, versions]) => ({ term, versions }))
  }

  async outbox(after: number, limit: number): Promise<OutboxRow[]> {
    const rows = this.#all('outbox', after, checkedLimit(limit))
    return rows.map((row) => ({ generation: this.#number(row[0]), event: this.#text(row[1]) }))
  }

  #get(name: StatementName, ...params: SQLInputValue[]): Cell[] | undefined {
    return this.attempt(() => this.connection.get(name, ...params))
  }

  #all(name: StatementName, ...params: SQLInputValue[]): Cell[][] {
    return this.attempt(() => this.connection.all(name, ...params))
  }

  protected attempt<T>(statement: () => T): T {
    if (this.#failure) throw this.#failure
    if (this.#over) throw transactionOver()
    try {
      return statement()
    } catch (error) {
      this.#failure = error as Error
      throw error
    }
  }

  #head(row: Cell[]): HeadRow {
    const kind = KINDS.get(Number(row[0]))
    if (!kind) throw this.corrupt()
    return {
      kind,
      path: this.#text(row[1]),
      generation: this.#number(row[2]),
      head: this.#bytes(row[3]),
    }
  }

  #version(row: Cell[], place?: number): VersionRow {
    const { path, bytes } = unpack(row[3]) ?? { path: '', bytes: DAMAGED }
    return {
      id: this.#text(row[0]),
      version: this.#number(row[1]) - FIXED_WIDTH,
      path,
      term: this.#number(row[2]) - FIXED_WIDTH,
      envelope: bytes,
      place,
    }
  }

  // A damaged row may hold another type than its column's.
  #number(cell: Cell | undefined): number {
    if (typeof cell !== 'number') throw this.corrupt()
    return cell
  }

  #text(cell: Cell | undefined): string {
    if (typeof cell !== 'string') throw this.corrupt()
    return cell
  }

  #bytes(cell: Cell | undefined): Uint8Array {
    if (!(cell instanceof Uint8Array)) throw this.corrupt()
    return cell
  }

  protected corrupt(): Error {
    return storeFailure('corrupt', this.connection.file)
  }
}

/** Heads that nobody keeps anything by but themselves. */
const JOINABLE: ReadonlySet<HeadKind> = new Set(['secret', 'credential'])

export class SqliteWriter extends SqliteReader implements StoreWriter {
  #joinable = true
  /** As last read here. */
  #accessGeneration: number | undefined
  /** Whether the last version that was put took the place of another, as the next one then will. */
  #replaces = false

  /**
   * Whether another write may begin before this one is committed: not when it changed something that
   * an engine keeps by its revision or by `accessGeneration`, both of which come again after a commit
   * that failed.
   */
  get joinable(): boolean {
    return this.#joinable
  }

  override async state(): Promise<StateRow | undefined> {
    const state = await super.state()
    this.#accessGeneration = state?.accessGeneration
    return state
  }

  async putState(state: StateRow): Promise<void> {
    this.#joinable &&= state.accessGeneration === this.#accessGeneration
    this.#run('putState', state.generation, state.accessGeneration, state.seal)
  }

  async putBlob(name: string, bytes: Uint8Array): Promise<void> {
    this.#joinable = false
    const key = { id: name, version: 0, term: BLOB_TERM }
    this.attempt(() => fillSlot(this.connection, key, '', bytes))
  }

  async putHead(
    row: HeadRow,
    version?: { id: string; current: number | undefined },
  ): Promise<void> {
    this.#joinable &&= JOINABLE.has(row.kind)
    const id = version?.id ?? null
    const current = version?.current ?? null
    const key = [KIND_CODES[row.kind], row.path] as const
    const put = this.#run('putHead', ...key, row.generation, id, current, row.head)
    if (put === 0) throw this.corrupt()
  }

  async removeHead(kind: HeadKind, path: string): Promise<void> {
    this.#joinable &&= JOINABLE.has(kind)
    const key = [KIND_CODES[kind], path] as const
    if (this.#run('removeHead', ...key) > 0) return
    const found = this.attempt(() => this.connection.get('hasHead', ...key))
    if (found !== undefined) throw this.corrupt()
  }

  async putVersion(row: VersionRow): Promise<void> {
    const { connection } = this
    const { path, envelope, place } = row
    const isBack = (slot: number) => refillSlotAt(connection, slot, row, path, envelope)
    if (place !== undefined && this.attempt(() => isBack(place))) return
    this.#replaces = this.attempt(() => fillSlot(connection, row, path, envelope, this.#replaces))
  }

  async removeVersion(id: string, version: number): Promise<void> {
    this.attempt(() => clearSlot(this.connection, id, version))
  }

  async appendOutbox(row: OutboxRow): Promise<void> {
    const appended = this.#run('appendOutbox', row.generation, row.event)
    if (appended === 0) throw outboxTaken(row.generation)
  }

  async trimOutbox(generation: number): Promise<void> {
    this.#run('trimOutbox', generation)
  }

  #run(name: StatementName, ...params: SQLInputValue[]): number {
    return this.attempt(() => this.connection.run(name, ...params))
  }
}

/** The answer of the statement `current`; before the store's first state all counters are 0. */
export function currentRow(row: Cell[] | undefined, file: string): CurrentRow {
  if (!row) return { generation: 0, accessGeneration: 0 }
  const [generation, accessGeneration, head, body] = row
  if (
    typeof generation === 'number' &&
    typeof accessGeneration === 'number' &&
    (head === null || head instanceof Uint8Array)
  ) {
    const envelope = body === null ? undefined : (unpackBytes(body) ?? DAMAGED)
    return { generation, accessGeneration, head: head ?? undefined, envelope }
  }
  throw storeFailure('corrupt', file)
}
