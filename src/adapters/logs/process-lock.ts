import path from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { KnownNames, type DirectoryStamp } from '../../core/directory-stamp.ts'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Random } from '../../core/ports/ambient.ts'
import { errnoOf, isFull, type LogFs } from './log-fs.ts'

export interface ProcessLockOptions {
  readonly random: Random
  /** Default `LIMITS.auditLockTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined
  /** Called once when the lock's files find no room on the disk. */
  readonly makeRoom?: (() => void) | undefined
}

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
  readonly #makeRoom: () => void
  #opened: Opened | undefined
  #stamp: DirectoryStamp | undefined

  constructor(file: string, fs: LogFs, options: ProcessLockOptions) {
    this.#file = file
    this.#fs = fs
    this.#random = options.random
    this.#timeoutMs = options.timeoutMs ?? LIMITS.auditLockTimeoutMs
    this.#pause = options.pause ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)))
    this.#makeRoom = options.makeRoom ?? (() => {})
  }

  /** Of the directory of the file, see `directoryStamp`: as it was when the lock was taken. */
  get stamp(): DirectoryStamp | undefined {
    return this.#stamp
  }

  /** @throws CofferError `audit_unavailable` after `auditLockTimeoutMs`, or when there can be no lock */
  async acquire(): Promise<void> {
    let waitedMs = 0
    for (;;) {
      if (this.#take()) {
        // Somebody may have removed the files, and made others that we do not hold.
        if (this.#isInPlace()) return
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

  #take(): boolean {
    try {
      return this.#takeOnce()
    } catch (error) {
      // Whatever SQLite makes of what it has open (the file may have been emptied) stays there.
      this.close()
      if (isNoRoom(error)) this.#makeRoom()
    }
    try {
      return this.#takeOnce()
    } catch (error) {
      // Its memory would be shared with whoever tries again in this process.
      this.close()
      throw unavailable(error)
    }
  }

  #takeOnce(): boolean {
    this.#opened ??= this.#open()
    return take(this.#opened)
  }

  /** Looks at the directory; lets go when it cannot be looked at. */
  #isInPlace(): boolean {
    try {
      this.#stamp = this.#fs.stamp(path.dirname(this.#file))
      const opened = this.#opened!
      if (opened.names.hold(this.#stamp)) return true
      if (this.#inode('') !== opened.inode) return false
      if (this.#inode(SHARED) !== opened.shared) {
        // SQLite deletes the memory when nobody has it open any more, perhaps just before we had.
        // Deleted behind us it was by somebody else: others in this process may have it open, and
        // SQLite would share it with us again, but not with another file.
        if (opened.wasInPlace) this.#fs.remove(this.#file)
        return false
      }
      opened.wasInPlace = true
      opened.names.learn(this.#stamp)
      return true
    } catch (error) {
      this.release()
      throw error
    }
  }

  #inode(suffix: string): number | undefined {
    return this.#fs.stat(this.#file + suffix)?.inode
  }

  /** What has these inodes before SQLite opens it and when the lock is held was not replaced between. */
  #open(): Opened {
    const [inode, shared] = [this.#made(''), this.#made(SHARED)]
    const database = new DatabaseSync(this.#file, { timeout: 0 })
    return {
      database,
      inode,
      shared,
      begin: database.prepare('BEGIN IMMEDIATE'),
      rollback: database.prepare('ROLLBACK'),
      inWal: false,
      wasInPlace: false,
      names: new KnownNames(),
    }
  }

  /** Made by us, so that its mode is ours and not SQLite's. */
  #made(suffix: string): number | undefined {
    const found = this.#inode(suffix)
    if (found !== undefined) return found
    try {
      this.#fs.close(this.#fs.open(this.#file + suffix, 'create'))
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
    return this.#inode(suffix)
  }
}

/** What SQLite locks of a database with a WAL: the memory that processes share lies in a file too. */
const SHARED = '-shm'

interface Opened {
  readonly database: DatabaseSync
  readonly inode: number | undefined
  /** Inode of the shared memory. */
  readonly shared: number | undefined
  readonly begin: StatementSync
  readonly rollback: StatementSync
  inWal: boolean
  /** The files had their names once while it held the lock. */
  wasInPlace: boolean
  /** They have them. */
  readonly names: KnownNames
}

/** Whether the lock is ours now. @throws what SQLite throws, unless somebody else has it */
function take(opened: Opened): boolean {
  const { database, begin } = opened
  // Held by another call of this process.
  if (database.isTransaction) return false
  try {
    // Nothing is ever written to it. With a WAL a lock is two calls of the system rather than eleven.
    if (!opened.inWal) database.exec('PRAGMA journal_mode = WAL')
    begin.run()
    opened.inWal = true
    return true
  } catch (error) {
    if (isBusy(error)) return false
    throw error
  }
}

/** BUSY, also of whoever repairs after a crash; PROTOCOL: lost a race for the WAL. */
const isBusy = (error: unknown): boolean => [5, 15].includes(resultOf(error))

/** FULL; IOERR, as SQLite calls it of the shared memory and of a quota. */
const isNoRoom = (error: unknown): boolean => isFull(error) || [10, 13].includes(resultOf(error))

/** CORRUPT, NOTADB. Others may hold it all the same, so it is not replaced. */
const isDamaged = (error: unknown): boolean => [11, 26].includes(resultOf(error))

/** SQLite's primary result code, https://www.sqlite.org/rescode.html; 0 of what others threw. */
const resultOf = (error: unknown): number => (error as { errcode?: number }).errcode! & 0xff

/** SQLite's own words have no names of files in them. */
function unavailable(cause: unknown): CofferError {
  const reason = (cause as { errstr?: string }).errstr ?? errnoOf(cause)
  const message = `The lock of the audit log cannot be taken (${reason}).`
  return new CofferError('audit_unavailable', message, {
    cause,
    ...(isDamaged(cause) ? { remedy: REMOVE_LOCK } : {}),
  })
}

const REMOVE_LOCK =
  'Stop every Coffer process that has this log open, then remove `lock`, `lock-wal` and `lock-shm` in its directory.'
