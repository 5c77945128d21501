import { statSync, type Stats } from 'node:fs'
import { CofferError } from '../../../core/errors.ts'
import { storeError } from './errors.ts'

/**
 * Notices that the file at the path is no longer the one that is open: another file was moved there,
 * or it was deleted, or its WAL was. SQLite itself would go on writing to a file that nobody sees.
 */
export class FileGuard {
  readonly #file: string
  readonly #database: string
  readonly #wal: string

  /** Call it once the file and its WAL are open: from then on SQLite keeps both in place. */
  constructor(file: string) {
    this.#file = file
    this.#database = identity(file) ?? ''
    this.#wal = identity(`${file}-wal`) ?? ''
    this.check()
  }

  /** Two calls of stat. @throws `store_rolled_back` when replaced, `store_unavailable` when gone */
  check(): void {
    this.#compare(this.#file, this.#database)
    this.#compare(`${this.#file}-wal`, this.#wal)
  }

  #compare(file: string, opened: string): void {
    const found = identity(file)
    if (found === undefined) {
      throw new CofferError('store_unavailable', `The file ${file} was deleted while in use.`, {
        remedy: 'Put it back, or restart and restore from a backup; nothing was written.',
        details: { file },
      })
    }
    if (found !== opened) {
      throw new CofferError('store_rolled_back', `The file ${file} was replaced while in use.`, {
        details: { file },
      })
    }
  }
}

function identity(file: string): string | undefined {
  let stats: Stats | undefined
  try {
    stats = statSync(file, { throwIfNoEntry: false })
  } catch (error) {
    throw storeError(error, file)
  }
  return stats && `${stats.dev}:${stats.ino}`
}
