import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { CofferError } from '../../core/errors.ts'
import { shellWord } from '../../core/shell-word.ts'

const PRIVATE_FILE_BYTES_MAX = 4_096

/**
 * The bytes of a file that holds a key or passphrase. It must be a regular file (a symbolic link to
 * one will do) that belongs to this user or root and that nobody else can read, write or execute.
 * What is checked is what is read: both go through one descriptor.
 *
 * @throws CofferError `sealed` when it does not exist, `key_exposed` when others could reach it,
 * `invalid_key` when it is no regular file or above 4 KiB, `unavailable` when it cannot be read
 */
export function readPrivateFile(file: string, what: string): Buffer {
  const fd = openForReading(file, what)
  try {
    refuseExposed(fstatSync(fd), file, what)
    const bytes = Buffer.alloc(PRIVATE_FILE_BYTES_MAX + 1)
    const length = readSync(fd, bytes, 0, bytes.length, 0)
    if (length > PRIVATE_FILE_BYTES_MAX) {
      bytes.fill(0)
      throw invalid(`${what} ${file} has more than ${PRIVATE_FILE_BYTES_MAX} bytes.`, file)
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}

/** The short name of what went wrong with a file: `EACCES`. */
export const errnoOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error'

function openForReading(file: string, what: string): number {
  try {
    // Not blocking, so that a pipe put in its place cannot hold us.
    return openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT') {
      throw new CofferError('sealed', `${what} ${file} does not exist.`, {
        remedy: 'Bring it back from where it was backed up, or name the file it is in now.',
        details: { file },
      })
    }
    throw new CofferError('unavailable', `${what} ${file} cannot be read (${errno}).`, {
      remedy: 'Make it readable for the user that runs Coffer, and for nobody else.',
      details: { file, errno },
      cause: error,
    })
  }
}

function refuseExposed(stats: Stats, file: string, what: string): void {
  if (!stats.isFile()) throw invalid(`${what} ${file} is not a regular file.`, file)
  const user = process.getuid?.()
  if (user === undefined) return
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
  if ((stats.mode & 0o077) !== 0) {
    throw new CofferError('key_exposed', `${what} ${file} has mode ${mode}: others can reach it.`, {
      remedy: `Run \`chmod 600 ${shellWord(file)}\`; if others could have read it, change the key as well.`,
      details: { file, mode },
    })
  }
  if (stats.uid !== user && stats.uid !== 0) {
    throw new CofferError('key_exposed', `${what} ${file} belongs to user ${stats.uid}.`, {
      remedy: `Make it belong to user ${user} or to root.`,
      details: { file, uid: stats.uid },
    })
  }
}

const invalid = (message: string, file: string) =>
  new CofferError('invalid_key', message, { details: { file } })
