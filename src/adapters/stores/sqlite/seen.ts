import type { CurrentRow, HeadKind } from '../../../core/ports/store.ts'

/** What was asked for: the head of a kind, or a secret's head with its current envelope. */
export type Asked = HeadKind | 'current'

const ROWS_MAX = 16_384
const BYTES_MAX = 16_777_216
/** Longer ones are queried each time: a few of them would push all others out. */
const ROW_BYTES_MAX = 65_536

/**
 * Rows as they were queried, for as long as nothing is committed: whoever asks here must have
 * looked. Ciphertext and authenticated bytes only, as SQLite's own cache of pages holds them. What is
 * absent is not kept, but for settings, which the server itself asks for: nobody can fill this with
 * names that he makes up.
 */
export class SeenRows {
  readonly #rows = new Map<Asked, Map<string, CurrentRow>>()
  #count = 0
  #bytes = 0

  get(asked: Asked, path: string): CurrentRow | undefined {
    return this.#rows.get(asked)?.get(path)
  }

  /** Keeps it, perhaps in place of all others. */
  add(asked: Asked, path: string, row: CurrentRow): void {
    if (row.head === undefined && asked !== 'setting') return
    const bytes = path.length + (row.head?.length ?? 0) + (row.envelope?.length ?? 0)
    if (bytes > ROW_BYTES_MAX) return
    if (this.#count >= ROWS_MAX || this.#bytes + bytes > BYTES_MAX) this.clear()
    let rows = this.#rows.get(asked)
    if (rows === undefined) this.#rows.set(asked, (rows = new Map()))
    rows.set(path, row)
    this.#count += 1
    this.#bytes += bytes
  }

  clear(): void {
    if (this.#count === 0) return
    this.#rows.clear()
    this.#count = 0
    this.#bytes = 0
  }
}
