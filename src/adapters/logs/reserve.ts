import { join } from 'node:path'
import { KnownNames, type DirectoryStamp } from '../../core/directory-stamp.ts'
import { writeAll, type LogFs } from './log-fs.ts'
import { RESERVE_FILE } from './segments.ts'

/** How much disk is kept back: thousands of administrator actions. */
const RESERVE_BYTES = 1_048_576

/**
 * Disk space set aside, so that a flood that fills the disk cannot lock administrators out: on
 * ENOSPC it is given up for their events only, and made again when there is room.
 */
export class Reserve {
  readonly #file: string
  readonly #fs: LogFs
  /** It is there, whole unless somebody truncated it since: that is found at the next full look. */
  readonly #known = new KnownNames()
  /** As of the last look; undefined before there was one. */
  #held: boolean | undefined

  constructor(dir: string, fs: LogFs) {
    this.#file = join(dir, RESERVE_FILE)
    this.#fs = fs
  }

  /** Whether it was there when somebody last looked. */
  get held(): boolean {
    try {
      this.#held ??= this.#isWhole()
      return this.#held
    } catch {
      // The flush that is to make it anew tells why it cannot.
      return false
    }
  }

  /** Whether it is held afterwards. `stamp` is the directory's. Leaves nothing half-made. */
  make(stamp: DirectoryStamp | undefined): boolean {
    if (this.#known.hold(stamp)) return true
    if (this.#isWhole()) {
      this.#known.learn(stamp)
      this.#held = true
      return true
    }
    try {
      const fd = this.#fs.open(this.#file, 'replace')
      try {
        // Not zeros: a file system may store those as a hole.
        writeAll(this.#fs, fd, Buffer.alloc(RESERVE_BYTES, 'coffer reserve '), 0)
        this.#fs.sync(fd)
      } finally {
        this.#fs.close(fd)
      }
      this.#held = true
      return true
    } catch {
      // No room, or no permission: both mean that there is no reserve, which callers ask about.
      this.giveUp()
      return false
    }
  }

  /** Whether there was something to give up. */
  giveUp(): boolean {
    this.#known.forget()
    this.#held = false
    try {
      const isThere = this.#fs.stat(this.#file) !== undefined
      if (isThere) this.#fs.remove(this.#file)
      return isThere
    } catch {
      // The write that follows tells whether there is room.
      return false
    }
  }

  #isWhole(): boolean {
    return this.#fs.stat(this.#file)?.bytes === RESERVE_BYTES
  }
}
