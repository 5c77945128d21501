import type {
  CurrentRow,
  HeadAnswer,
  HeadKind,
  Store,
  StoreReader,
  StoreWriter,
} from '../../core/ports/store.ts'
import { leaseHorizonMs } from './lease.ts'
import { storeClosed } from './misuse.ts'
import {
  MemoryReader,
  MemoryWriter,
  type Tables,
  currentRow,
  emptyTables,
  headAnswer,
} from './memory/rows.ts'

/** A store in this process's memory: for tests and short-lived work. It survives nothing. */
export function createMemoryStore(): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  readonly description = 'memory'
  readonly #leases = new Map<string, { holder: string; untilMs: number }>()
  #tables: Tables = emptyTables
  #lastWrite: Promise<void> = Promise.resolve()
  #closed = false

  current(path: string): CurrentRow {
    this.#refuseIfClosed()
    return currentRow(this.#tables, path)
  }

  head(kind: HeadKind, path: string): HeadAnswer {
    this.#refuseIfClosed()
    return headAnswer(this.#tables, kind, path)
  }

  async read<T>(work: (rows: StoreReader) => Promise<T>): Promise<T> {
    this.#refuseIfClosed()
    const rows = new MemoryReader(this.#tables)
    try {
      return await work(rows)
    } finally {
      rows.end()
    }
  }

  async write<T>(work: (rows: StoreWriter) => Promise<T>): Promise<T> {
    this.#refuseIfClosed()
    const before = this.#lastWrite
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#lastWrite = promise
    await before
    const rows = new MemoryWriter(this.#tables)
    try {
      const result = await work(rows)
      this.#tables = rows.tables
      return result
    } finally {
      rows.end()
      resolve()
    }
  }

  async lease(name: string, holder: string, nowMs: number, ttlMs: number): Promise<boolean> {
    this.#refuseIfClosed()
    const held = this.#leases.get(name)
    const holds = held && held.untilMs > nowMs && held.untilMs <= leaseHorizonMs(nowMs, ttlMs)
    if (holds && held.holder !== holder) return false
    this.#leases.set(name, { holder, untilMs: nowMs + ttlMs })
    return true
  }

  async scrub(): Promise<void> {
    this.#refuseIfClosed()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#lastWrite
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw storeClosed(this.description)
  }
}
