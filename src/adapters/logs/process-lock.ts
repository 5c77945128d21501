import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Random } from '../../core/ports/ambient.ts'
import type { LogFs } from './log-fs.ts'

/**
 * One holder at a time among all processes, by SQLite's lock on a file: the system drops it when
 * its holder dies, however it dies. Waiting never blocks the event loop.
 */
export class ProcessLock {
  readonly #file: string
  readonly #fs: LogFs
  readonly #random: Random
  readonly #timeoutMs: number
  readonly #pause: (ms: number) => Promise<unknown>
  #opened: Opened | undefined

  constructor(
    file: string,
    fs: LogFs,
    random: Random,
    timeoutMs: number = LIMITS.auditLockTimeoutMs,
    pause: (ms: number) => Promise<unknown> = (ms) =>
      new Promise((resolve) => setTimeout(resolve, ms)),
  ) {
    this.#file = file
    this.#fs = fs
    this.#random = random
    this.#timeoutMs = timeoutMs
    this.#pause = pause
  }

  /** @throws CofferError `audit_unavailable` after `auditLockTimeoutMs`, or when there can be no lock */
  async acquire(): Promise<void> {
    let waitedMs = 0
    for (;;) {
      this.#opened ??= this.#open()
      if (take(this.#opened)) {
        // Somebody may have removed the file, and made another that we do not hold.
        if (this.#fs.stat(this.#file)?.inode === this.#opened.inode) return
        this.close()
        continue
      }
      if (waitedMs >= this.#timeoutMs) {
        throw new CofferError(
          'audit_unavailable',
          `The audit log is held by another process for more than ${this.#timeoutMs} ms.`,
        )
      }
      const pauseMs = 1 + (this.#random(1)[0]! & 7)
      waitedMs += pauseMs
      await this.#pause(pauseMs)
    }
  }

  release(): void {
    if (this.#opened?.database.isTransaction === true) this.#opened.rollback.run()
  }

  close(): void {
    this.#opened?.database.close()
    this.#opened = undefined
  }

  #open(): Opened {
    try {
      // Made by us first, so that its mode is ours and not SQLite's.
      if (this.#fs.stat(this.#file) === undefined) this.#make()
      const database = new DatabaseSync(this.#file, { timeout: 0 })
      return {
        database,
        inode: this.#fs.stat(this.#file)?.inode,
        begin: database.prepare('BEGIN EXCLUSIVE'),
        rollback: database.prepare('ROLLBACK'),
        journalOff: false,
      }
    } catch (error) {
      throw unavailable(error)
    }
  }

  #make(): void {
    try {
      this.#fs.close(this.#fs.open(this.#file, 'create'))
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
  }
}

interface Opened {
  readonly database: DatabaseSync
  readonly inode: number | undefined
  readonly begin: StatementSync
  readonly rollback: StatementSync
  journalOff: boolean
}

function take(opened: Opened): boolean {
  const { database, begin } = opened
  // Held by another call of this process.
  if (database.isTransaction) return false
  try {
    // Nothing is ever written to it: a journal file would come and go with every flush.
    if (!opened.journalOff) database.exec('PRAGMA journal_mode = MEMORY')
    opened.journalOff = true
    begin.run()
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
    throw unavailable(error)
  }
}

const SQLITE_BUSY = 5

const unavailable = (cause: unknown) =>
  new CofferError('audit_unavailable', 'The lock of the audit log cannot be taken.', { cause })
