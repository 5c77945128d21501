import { statSync } from 'node:fs'
import type { Connection } from './connection.ts'
import { type Patience, whenFree } from './patience.ts'
import { storeFailure } from './errors.ts'

/** Four times what it has when nobody reads while others write. */
const BYTES_MAX = 67_108_864
const EVERY_MS = 1_000
/** Readers of what is older have so long to end; the write before and those behind it wait meanwhile. */
const WAIT_MS = 100

/**
 * Keeps the WAL from growing without end: SQLite begins it anew only when a write finds no reader in
 * it, and readers that overlap are always in it. Here writes pause until those that are in it have
 * left; whoever comes meanwhile reads the file.
 */
export class WalBound {
  readonly #wal: string
  readonly #patience: Patience
  #dueAt = -Infinity

  constructor(file: string, patience: Patience) {
    this.#wal = `${file}-wal`
    this.#patience = { ...patience, timeoutMs: WAIT_MS }
  }

  /** Call it when a transaction has ended. Put off where a snapshot stays open longer. */
  async keep(connection: Connection): Promise<void> {
    const at = this.#patience.now()
    if (at < this.#dueAt) return
    this.#dueAt = at + EVERY_MS
    try {
      if (statSync(this.#wal).size <= BYTES_MAX) return
      await whenFree(() => emptyWal(connection), this.#patience)
    } catch {
      // What was committed is: whatever is wrong here, the next transaction meets.
    }
  }
}

/** What it holds goes into the file. @throws `store_busy` while somebody reads or writes it */
export function emptyWal(connection: Connection): void {
  const busy = connection.get('checkpoint')?.[0]
  if (busy !== 0) throw storeFailure('store_busy', connection.file)
}
