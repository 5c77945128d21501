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

  constructor(dir: string, fs: LogFs) {
    this.#file = join(dir, RESERVE_FILE)
    this.#fs = fs
  }

  /** Whether it is held afterwards. `stamp` is the directory's. Leaves nothing half-made. */
  make(stamp: DirectoryStamp | undefined): boolean {
    if (this.#known.hold(stamp)) return true
    if (this.#fs.stat(this.#file)?.bytes === RESERVE_BYTES) {
      this.#known.learn(stamp)
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
      return true
    } catch {
      // No room, or no permission: both mean that there is no reserve, which callers ask about.
      this.giveUp()
      return false
    }
  }

  giveUp(): void {
    this.#known.forget()
    try {
      this.#fs.remove(this.#file)
    } catch {
      // The write that follows tells whether there is room.
    }
  }
}
