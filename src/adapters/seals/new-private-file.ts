import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  realpathSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { errnoOf } from './private-file.ts'

/**
 * Makes `file` with mode 0600 from its first byte, in a directory of mode 0700 when that has to be
 * made too. When it returns, file and name survive a crash; when it throws, there is no such file.
 *
 * @throws CofferError `already_exists`, `unavailable`
 */
export function writePrivateFile(file: string, bytes: Uint8Array, what: string): void {
  const dir = dirname(file)
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const fd = openSync(file, 'wx', 0o600)
    try {
      writeWhole(fd, file, bytes)
    } finally {
      closeSync(fd)
    }
    syncDirectory(dir)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EEXIST') {
      throw new CofferError('already_exists', `${what} ${file} exists already.`, {
        details: { file },
      })
    }
    throw new CofferError('unavailable', `${what} ${file} cannot be written (${errno}).`, {
      remedy: `Make ${dir} writable and see that its disk has room, or name a file elsewhere.`,
      details: { file, errno },
      cause: error,
    })
  }
}

/** Whether `file` lies in `dir` or below, links followed as far as the path exists. */
export function isInside(file: string, dir: string): boolean {
  const way = relative(realPath(resolve(dir)), realPath(resolve(file)))
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && resolve(way) !== way)
}

function writeWhole(fd: number, file: string, bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } catch (error) {
    unlinkSync(file)
    throw error
  }
}

function syncDirectory(dir: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    const parent = dirname(path)
    if (parent === path || errnoOf(error) !== 'ENOENT') return path
    return join(realPath(parent), relative(parent, path))
  }
}
