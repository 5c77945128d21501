import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { CofferError } from '../core/errors.ts'
import { readToEnd } from './process-world.ts'

/** A file of the user's, or stdin for `-`. @throws CofferError `not_found`, `invalid_argument`, `unavailable`, `too_large` */
export function readFile(file: string, bytesMax: number): Uint8Array {
  if (file === '-') return readToEnd(0, bytesMax)
  const fd = attempt(file, 'read', () => openSync(file, 'r'))
  try {
    if (fstatSync(fd).isDirectory()) {
      throw new CofferError('invalid_argument', `${file} is a folder, not a file.`)
    }
    return attempt(file, 'read', () => readToEnd(fd, bytesMax))
  } finally {
    closeSync(fd)
  }
}

/** A file that is being written beside its final place. Ended by one of the last two. */
export interface PrivateFile {
  write(bytes: Uint8Array): void
  /** Makes it durable and puts it in place. */
  finish(): void
  abandon(): void
}

/**
 * Begins a file that only the user can read, 0600 from its first byte, put in place at once when
 * it is finished: what was there before, a symbolic link included, is replaced, never followed.
 * @throws CofferError `not_found`, `unavailable`, `store_full`, as do its methods
 */
export function privateFile(file: string): PrivateFile {
  const random = randomBytes(8).toString('hex')
  const temporary = join(dirname(file), `.${basename(file).slice(0, 200)}.${random}`)
  const flags =
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
  const fd = attempt(file, 'write', () => openSync(temporary, flags, 0o600))
  return {
    write: (bytes) =>
      attempt(file, 'write', () => {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
      }),
    finish: () => {
      attempt(file, 'write', () => fsyncSync(fd))
      closeSync(fd)
      attempt(file, 'write', () => renameSync(temporary, file))
    },
    abandon: () => {
      try {
        closeSync(fd)
      } catch {
        // Closed by `finish` before its last step failed.
      }
      unlinkQuietly(temporary)
    },
  }
}

/** The whole of a private file at once. @throws as `privateFile` */
export function writePrivateFile(file: string, content: string | Uint8Array): void {
  const writing = privateFile(file)
  try {
    writing.write(typeof content === 'string' ? Buffer.from(content) : content)
    writing.finish()
  } catch (error) {
    writing.abandon()
    throw error
  }
}

/**
 * Writes a file that is named relative to a project: a symbolic link of that name, which a checkout may
 * hold, is not followed to wherever it leads. Devices are.
 * @throws CofferError as `attempt`
 */
export function writeFile(file: string, text: string, mode = 0o666): void {
  const { O_CREAT, O_TRUNC, O_WRONLY } = constants
  const link = file.startsWith('/dev/') ? 0 : (constants.O_NOFOLLOW ?? 0)
  attempt(file, 'write', () => {
    const fd = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | link, mode)
    try {
      writeFileSync(fd, text)
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
  if (code === 'ELOOP') {
    return new CofferError('denied', `${file} is a symbolic link; none is followed.`, {
      remedy: 'Name the file where it really is, or remove the link.',
    })
  }
  if (code === 'ENOENT') {
    const what =
      doing === 'read' ? `There is no file ${file}.` : `The directory of ${file} is missing.`
    return new CofferError('not_found', what, { remedy: 'Check the name of the file.' })
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new CofferError('store_full', `There is no room to write ${file}.`)
  }
  return new CofferError('unavailable', `Coffer cannot ${doing} ${file} (${code}).`, {
    remedy: 'Check what it is and its permissions.',
  })
}
