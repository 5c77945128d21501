import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { CofferError } from '../core/errors.ts'
import { readToEnd } from './process-world.ts'

/** A file of the user's, or stdin for `-`. @throws CofferError `not_found`, `unavailable`, `too_large` */
export function readFile(file: string, bytesMax: number): Uint8Array {
  if (file === '-') return readToEnd(0, bytesMax)
  const fd = attempt(file, 'read', () => openSync(file, 'r'))
  try {
    return attempt(file, 'read', () => readToEnd(fd, bytesMax))
  } finally {
    closeSync(fd)
  }
}

/**
 * Writes a file that only the user can read, 0600 from its first byte, and puts it in place at
 * once: what was there before, a symbolic link included, is replaced and never followed.
 * @throws CofferError `unavailable`, `store_full`
 */
export function writePrivateFile(file: string, bytes: string | Uint8Array): void {
  const temporary = join(dirname(file), `.${basename(file).slice(0, 200)}.${randomBytes(8).toString('hex')}`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
  attempt(file, 'write', () => {
    const fd = openSync(temporary, flags, 0o600)
    try {
      const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
      for (let at = 0; at < content.length; ) at += writeSync(fd, content, at)
      fsyncSync(fd)
      renameSync(temporary, file)
    } catch (error) {
      unlinkQuietly(temporary)
      throw error
    } finally {
      closeSync(fd)
    }
  })
}

export function unlinkQuietly(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // It is gone, or was never there: that is what was wanted.
  }
}

/** Runs file work; a system error becomes a CofferError that names the file and the system's code. */
export function attempt<T>(file: string, doing: 'read' | 'write', work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw fileError(error, file, doing)
  }
}

function fileError(error: unknown, file: string, doing: 'read' | 'write'): CofferError {
  const code = (error as NodeJS.ErrnoException).code ?? 'EIO'
  if (code === 'ENOENT') {
    const what = doing === 'read' ? `There is no file ${file}.` : `The directory of ${file} is missing.`
    return new CofferError('not_found', what, { remedy: 'Check the name of the file.' })
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CofferError('store_full', `There is no room to write ${file}.`)
  }
  return new CofferError('unavailable', `Coffer cannot ${doing} ${file} (${code}).`, {
    remedy: 'Check what it is and its permissions.',
  })
}
