import * as node from 'node:fs'
import { directoryStamp, type DirectoryStamp } from '../../core/directory-stamp.ts'

/**
 * The few file operations that the log is made of, so that tests can make the n-th one fail.
 * Everything throws Node's own errors; `stat` and `list` answer absent for what does not exist.
 */
export interface LogFs {
  /** Makes a directory (0700) with its parents; nothing happens when it exists. */
  makeDir(dir: string): void
  list(dir: string): string[] | undefined
  stat(file: string): { readonly bytes: number; readonly inode: number } | undefined
  /** Equal stamps: the names in `dir` lead to the same files. Absent when that cannot be told. */
  stamp(dir: string): DirectoryStamp | undefined
  /** `create` fails when the file exists; `replace` makes or empties it. New files are 0600. */
  open(file: string, how: 'read' | 'write' | 'create' | 'replace'): number
  close(fd: number): void
  inode(fd: number): number
  read(fd: number, into: Uint8Array, position: number): number
  write(fd: number, bytes: Uint8Array, position: number): number
  truncate(fd: number, bytes: number): void
  /** Data is on the disk when it returns. */
  sync(fd: number): void
  /** The same without stopping the event loop. */
  syncLater(fd: number): Promise<void>
  syncDir(dir: string): void
  remove(file: string): void
}

const FLAGS = {
  read: node.constants.O_RDONLY,
  write: node.constants.O_RDWR,
  create: node.constants.O_RDWR | node.constants.O_CREAT | node.constants.O_EXCL,
  replace: node.constants.O_RDWR | node.constants.O_CREAT | node.constants.O_TRUNC,
} as const

/** The real one. Links are not followed: a log is never written through one. */
export const nodeFs: LogFs = {
  makeDir: (dir) => void node.mkdirSync(dir, { recursive: true, mode: 0o700 }),
  list: (dir) => absentAsUndefined(() => node.readdirSync(dir)),
  stat(file) {
    const found = node.statSync(file, { throwIfNoEntry: false })
    return found && { bytes: found.size, inode: found.ino }
  },
  stamp: (dir) => directoryStamp(node.statSync(dir, { throwIfNoEntry: false }), Date.now()),
  open: (file, how) => node.openSync(file, FLAGS[how] | (node.constants.O_NOFOLLOW ?? 0), 0o600),
  close: (fd) => node.closeSync(fd),
  inode: (fd) => node.fstatSync(fd).ino,
  read: (fd, into, position) => node.readSync(fd, into, 0, into.length, position),
  write: (fd, bytes, position) => node.writeSync(fd, bytes, 0, bytes.length, position),
  truncate: (fd, bytes) => node.ftruncateSync(fd, bytes),
  sync: (fd) => node.fdatasyncSync(fd),
  syncLater: (fd) =>
    new Promise((resolve, reject) =>
      node.fdatasync(fd, (error) => (error === null ? resolve() : reject(error))),
    ),
  syncDir(dir) {
    const fd = node.openSync(dir, node.constants.O_RDONLY)
    try {
      node.fsyncSync(fd)
    } finally {
      node.closeSync(fd)
    }
  },
  remove: (file) => node.rmSync(file, { force: true }),
}

/** Writes all of `bytes`, however many calls that takes. */
export function writeAll(fs: LogFs, fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += fs.write(fd, done === 0 ? bytes : bytes.subarray(done), position + done)
  }
}

/** A small file as text, at most `bytesMax` of it; absent when there is none. */
export function readSmall(fs: LogFs, file: string, bytesMax: number): string | undefined {
  const fd = absentAsUndefined(() => fs.open(file, 'read'))
  if (fd === undefined) return undefined
  try {
    const bytes = Buffer.allocUnsafe(bytesMax)
    return bytes.toString('latin1', 0, fs.read(fd, bytes, 0))
  } finally {
    fs.close(fd)
  }
}

export const errnoOf = (error: unknown): string | undefined =>
  (error as { code?: string } | undefined)?.code

/** The disk is full, or the user's share of it. */
export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')

function absentAsUndefined<T>(attempt: () => T): T | undefined {
  try {
    return attempt()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
