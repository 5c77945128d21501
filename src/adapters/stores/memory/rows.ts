import type {
  CurrentRow,
  HeadAnswer,
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
import { compareUtf8 } from '../../../core/utf8-order.ts'
import { checkedLimit, outboxTaken, transactionOver } from '../misuse.ts'
import { SortedMap } from './sorted-map.ts'

type Key = readonly (string | number)[]

interface Head extends HeadRow {
  readonly version?: { readonly id: string; readonly current: number | undefined }
}

/** Everything of one moment; never changed, only replaced. */
export interface Tables {
  readonly state: StateRow | undefined
  readonly blobs: SortedMap<Key, Uint8Array>
  /** By kind and path. */
  readonly heads: SortedMap<Key, Head>
  /** By id and number. */
  readonly versions: SortedMap<Key, VersionRow>
  readonly outbox: SortedMap<Key, OutboxRow>
}

export const emptyTables: Tables = {
  state: undefined,
  blobs: new SortedMap(compareKeys),
  heads: new SortedMap(compareKeys),
  versions: new SortedMap(compareKeys),
  outbox: new SortedMap(compareKeys),
}

/** The rows of one transaction on a snapshot. */
export class MemoryReader implements StoreReader {
  #tables: Tables | undefined

  constructor(tables: Tables) {
    this.#tables = tables
  }

  get tables(): Tables {
    if (!this.#tables) throw transactionOver()
    return this.#tables
  }

  protected set tables(tables: Tables) {
    this.#tables = tables
  }

  /** From here on every call is refused. */
  end(): void {
    this.#tables = undefined
  }

  async state(): Promise<StateRow | undefined> {
    const { state } = this.tables
    return state && { ...state, seal: state.seal.slice() }
  }

  async blob(name: string): Promise<Uint8Array | undefined> {
    return this.tables.blobs.get([name])?.slice()
  }

  async head(kind: HeadKind, path: string): Promise<HeadRow | undefined> {
    const head = this.tables.heads.get([kind, path])
    return head && copyHead(head)
  }

  async heads({ kind, after, from = '', before, limit }: HeadRange): Promise<HeadRow[]> {
    const start = after !== undefined && compareUtf8(after, from) > 0 ? after : from
    return page(this.tables.heads.from([kind, start]), limit, copyHead, {
      skip: (head) => head.path === after,
      stop: (head) =>
        head.kind !== kind || (before !== undefined && compareUtf8(head.path, before) >= 0),
    })
  }

  async version(id: string, version: number): Promise<VersionRow | undefined> {
    const row = this.tables.versions.get([id, version])
    return row && copyVersion(row)
  }

  async versions(after: string | undefined, limit: number): Promise<VersionPage> {
    const [id, version] = after?.split(' ') ?? []
    const start = id === undefined ? [] : [id, Number(version) + 1]
    const rows = page(this.tables.versions.from(start), limit, copyVersion)
    const last = rows.at(-1)
    return last === undefined || rows.length < limit
      ? { rows }
      : { rows, end: `${last.id} ${last.version}` }
  }

  async terms(): Promise<{ term: number; versions: number }[]> {
    const counts = new Map<number, number>()
    for (const [, { term }] of this.tables.versions) counts.set(term, (counts.get(term) ?? 0) + 1)
    return [...counts].toSorted(([a], [b]) => a - b).map(([term, versions]) => ({ term, versions }))
  }

  async outbox(after: number, limit: number): Promise<OutboxRow[]> {
    return page(this.tables.outbox.from([after + 1]), limit, (row) => ({ ...row }))
  }
}

export class MemoryWriter extends MemoryReader implements StoreWriter {
  async putState(state: StateRow): Promise<void> {
    this.#put({ state: { ...state, seal: state.seal.slice() } })
  }

  async putBlob(name: string, bytes: Uint8Array): Promise<void> {
    this.#put({ blobs: this.tables.blobs.set([name], bytes.slice()) })
  }

  async putHead(row: HeadRow, version?: Head['version']): Promise<void> {
    const head: Head = { ...copyHead(row), version }
    this.#put({ heads: this.tables.heads.set([row.kind, row.path], head) })
  }

  async removeHead(kind: HeadKind, path: string): Promise<void> {
    this.#put({ heads: this.tables.heads.delete([kind, path]) })
  }

  async putVersion(row: VersionRow): Promise<void> {
    const versions = this.tables.versions.set([row.id, row.version], copyVersion(row))
    this.#put({ versions })
  }

  async removeVersion(id: string, version: number): Promise<void> {
    this.#put({ versions: this.tables.versions.delete([id, version]) })
  }

  async appendOutbox(row: OutboxRow): Promise<void> {
    if (this.tables.outbox.get([row.generation])) throw outboxTaken(row.generation)
    this.#put({ outbox: this.tables.outbox.set([row.generation], { ...row }) })
  }

  async trimOutbox(generation: number): Promise<void> {
    let { outbox } = this.tables
    for (const [key, row] of outbox) {
      if (row.generation > generation) break
      outbox = outbox.delete(key)
    }
    this.#put({ outbox })
  }

  #put(changed: Partial<Tables>): void {
    this.tables = { ...this.tables, ...changed }
  }
}

/** Before the store's first state all counters are 0, and nothing is at any path. */
export function currentRow(tables: Tables, path: string): CurrentRow {
  if (!tables.state) return { generation: 0, accessGeneration: 0 }
  const { generation, accessGeneration } = tables.state
  const found = tables.heads.get(['secret', path])
  const { id, current } = found?.version ?? {}
  const version =
    id !== undefined && current !== undefined ? tables.versions.get([id, current]) : undefined
  return {
    generation,
    accessGeneration,
    head: found?.head.slice(),
    envelope: version?.envelope.slice(),
  }
}

export function headAnswer(tables: Tables, kind: HeadKind, path: string): HeadAnswer {
  if (!tables.state) return { generation: 0, accessGeneration: 0 }
  const { generation, accessGeneration } = tables.state
  const found = tables.heads.get([kind, path])
  return { generation, accessGeneration, ...(found && { head: found.head.slice() }) }
}

/** A key that ends early sorts before all that continue it. */
function compareKeys(a: Key, b: Key): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a[i]!
    const y = b[i]!
    const order = typeof x === 'number' ? x - (y as number) : compareUtf8(x, y as string)
    if (order !== 0) return order
  }
  return a.length - b.length
}

const copyHead = ({ kind, path, generation, head }: HeadRow): HeadRow => ({
  kind,
  path,
  generation,
  head: head.slice(),
})

const copyVersion = ({ id, version, path, term, envelope }: VersionRow): VersionRow => ({
  id,
  version,
  path,
  term,
  envelope: envelope.slice(),
})

function page<R, T>(
  entries: Iterable<readonly [Key, R]>,
  limit: number,
  copy: (row: R) => T,
  { skip, stop }: { skip?: (row: R) => boolean; stop?: (row: R) => boolean } = {},
): T[] {
  checkedLimit(limit)
  const rows: T[] = []
  for (const [, row] of entries) {
    if (rows.length === limit || stop?.(row)) break
    if (!skip?.(row)) rows.push(copy(row))
  }
  return rows
}
