import { join } from 'node:path'
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

  constructor(dir: string, fs: LogFs) {
    this.#file = join(dir, RESERVE_FILE)
    this.#fs = fs
  }

  get held(): boolean {
    return this.#fs.stat(this.#file)?.bytes === RESERVE_BYTES
  }

  /** Whether it is held afterwards. Leaves nothing half-made. */
  make(): boolean {
    if (this.held) return true
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
    try {
      this.#fs.remove(this.#file)
    } catch {
      // The write that follows tells whether there is room.
    }
  }
}
