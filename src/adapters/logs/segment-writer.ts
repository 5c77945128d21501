import { join } from 'node:path'
import { KnownNames, type DirectoryStamp } from '../../core/directory-stamp.ts'
import type { LogEnd, Torn } from './log-end.ts'
import { writeAll, type LogFs } from './log-fs.ts'
import { HEAD_FILE, segmentFile } from './segments.ts'

/** Below this a flush waits for the disk in place: a thread costs more than the wait. */
const QUICK_SYNC_MS = 2
/** A disk is slow when most of its last five syncs were: one hiccup changes nothing. */
const RECENT = 0b11111
const SLOW_OF_RECENT = 3

/**
 * Puts bytes at the end of the log, or not at all. Called under the lock only.
 */
export class SegmentWriter {
  readonly #fs: LogFs
  readonly #dir: string
  readonly #segmentBytesMax: number
  #open: { readonly fd: number; readonly segment: number; readonly inode: number } | undefined
  /** `unchanged` has just looked, under the lock that is still held. */
  #sure = false
  /** The segment has its name, and there is none after it. */
  readonly #known = new KnownNames()
  #head: number | undefined
  #headInode = 0
  #headBytes = 0
  /** One bit for each of the last syncs, set when it was slow. */
  #slow = 0
  /** A failed write that could not be taken back: where the good part of its segment ends. */
  #spoiled: { readonly segment: number; readonly bytes: number; readonly seq: number } | undefined

  constructor(fs: LogFs, dir: string, segmentBytesMax: number) {
    this.#fs = fs
    this.#dir = dir
    this.#segmentBytesMax = segmentBytesMax
  }

  /**
   * Whether the segment at `end` is still the file we hold, with nothing behind `end` or after it.
   * `stamp` is the directory's, taken under the lock.
   */
  unchanged(end: LogEnd, stamp: DirectoryStamp | undefined): boolean {
    const held = this.#open
    if (this.#spoiled !== undefined || held?.segment !== end.segment) {
      this.#sure = false
    } else if (this.#known.hold(stamp)) {
      this.#sure = this.#endsAt(held.fd, end.bytes)
    } else {
      const found = this.#fs.stat(segmentFile(this.#dir, end.segment))
      this.#sure =
        found?.bytes === end.bytes &&
        found.inode === held.inode &&
        this.#fs.stat(segmentFile(this.#dir, end.segment + 1)) === undefined
      this.#known.learn(stamp)
    }
    if (!this.#sure) this.#known.forget()
    return this.#sure
  }

  /** Whether the file has `bytes`, the last of which ends a line. */
  #endsAt(fd: number, bytes: number): boolean {
    const last = Buffer.allocUnsafe(2)
    return this.#fs.read(fd, last, bytes - 1) === 1 && last[0] === NEWLINE
  }

  /** Takes back what an earlier failure left, unless another process has continued behind it. */
  recover(witnessedSeq: number): void {
    const spoiled = this.#spoiled
    if (spoiled === undefined) return
    if (witnessedSeq <= spoiled.seq) {
      const { fd } = this.#hold(spoiled.segment)
      this.#fs.truncate(fd, spoiled.bytes)
      this.#fs.sync(fd)
    }
    this.#spoiled = undefined
  }

  /** Cuts off a torn write. */
  trim(torn: Torn): void {
    const { fd } = this.#hold(torn.segment)
    this.#fs.truncate(fd, torn.from)
    this.#fs.sync(fd)
  }

  /** Makes what another process left behind durable. */
  sync(end: LogEnd): void {
    this.#sure = false
    if (end.segment > 0) this.#fs.sync(this.#hold(end.segment).fd)
  }

  /** Where the next line goes, a new segment when the last one is full. */
  next(end: LogEnd, newest: number): { readonly segment: number; readonly bytes: number } {
    if (newest > end.segment) return { segment: newest, bytes: 0 }
    return end.segment === 0 || end.bytes >= this.#segmentBytesMax
      ? { segment: end.segment + 1, bytes: 0 }
      : { segment: end.segment, bytes: end.bytes }
  }

  /** Writes at `at`; `settle` makes it durable. When it throws, nothing of it stands there. */
  append(
    at: { readonly segment: number; readonly bytes: number },
    seqBefore: number,
    bytes: Uint8Array,
  ): void {
    const { fd } = this.#hold(at.segment)
    // A segment's name must be as durable as its first line.
    if (at.bytes === 0) this.#fs.syncDir(this.#dir)
    try {
      writeAll(this.#fs, fd, bytes, at.bytes)
    } catch (error) {
      this.#takeBack({ ...at, seq: seqBefore })
      throw error
    }
  }

  /**
   * What was appended behind `from` is durable. When it rejects, none of it stands there. `aside`:
   * the event loop has other work meanwhile.
   */
  async settle(from: LogEnd, aside = false): Promise<void> {
    const { fd } = this.#hold(from.segment)
    try {
      await this.#sync(fd, aside)
    } catch (error) {
      // After a failed sync the system may take the lost pages for clean: only rewriting helps.
      this.#takeBack(from)
      throw error
    }
  }

  #takeBack(end: { readonly segment: number; readonly bytes: number; readonly seq: number }): void {
    this.#spoiled = { segment: end.segment, bytes: end.bytes, seq: end.seq }
    try {
      this.#fs.truncate(this.#hold(end.segment).fd, end.bytes)
      this.#spoiled = undefined
    } catch {
      // The first error is the one to tell; `recover` comes back to this.
    }
  }

  /** Rewrites the head file in place: a witness against a cut tail, as fresh as the last flush. */
  writeHead(line: string): void {
    const file = join(this.#dir, HEAD_FILE)
    const found = this.#fs.stat(file)
    if (this.#head === undefined || found?.inode !== this.#headInode) {
      if (this.#head !== undefined) this.#fs.close(this.#head)
      this.#head = this.#fs.open(file, found === undefined ? 'create' : 'write')
      this.#headInode = this.#fs.inode(this.#head)
      this.#headBytes = found?.bytes ?? 0
    }
    const bytes = Buffer.from(`${line}\n`, 'latin1')
    writeAll(this.#fs, this.#head, bytes, 0)
    if (bytes.length < this.#headBytes) this.#fs.truncate(this.#head, bytes.length)
    this.#headBytes = bytes.length
    if (found !== undefined) return
    // A power cut may leave an older head behind, and never none.
    this.#fs.sync(this.#head)
    this.#fs.syncDir(this.#dir)
  }

  close(): void {
    if (this.#open !== undefined) this.#fs.close(this.#open.fd)
    if (this.#head !== undefined) this.#fs.close(this.#head)
    this.#open = undefined
    this.#head = undefined
  }

  #hold(segment: number): { readonly fd: number } {
    if (this.#sure && this.#open?.segment === segment) return this.#open
    const file = segmentFile(this.#dir, segment)
    const found = this.#fs.stat(file)
    if (this.#open !== undefined) {
      if (this.#open.segment === segment && this.#open.inode === found?.inode) return this.#open
      this.#fs.close(this.#open.fd)
      this.#open = undefined
    }
    const fd = this.#fs.open(file, found === undefined ? 'create' : 'write')
    this.#open = { fd, segment, inode: this.#fs.inode(fd) }
    return this.#open
  }

  async #sync(fd: number, aside: boolean): Promise<void> {
    const startedAt = process.hrtime.bigint()
    if (!aside && bitsIn(this.#slow) < SLOW_OF_RECENT) this.#fs.sync(fd)
    else await this.#fs.syncLater(fd)
    const slow = Number(process.hrtime.bigint() - startedAt) / 1e6 >= QUICK_SYNC_MS
    this.#slow = ((this.#slow << 1) | Number(slow)) & RECENT
  }
}

const NEWLINE = 0x0a

const bitsIn = (bits: number): number => (bits === 0 ? 0 : (bits & 1) + bitsIn(bits >> 1))
