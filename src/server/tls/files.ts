import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

/** @throws CofferError `unavailable`; `too_large` past `tlsFileBytesMax` */
export function readTlsFile(file: string): string {
  const text = findTlsFile(file)
  if (text !== undefined) return text
  throw unusable(file, 'read', 'ENOENT')
}

/** Absent when there is no such file. @throws CofferError `unavailable`, `too_large` */
export function findTlsFile(file: string): string | undefined {
  let fd: number | undefined
  try {
    fd = openSync(file, 'r')
    const { size } = fstatSync(fd)
    if (size > LIMITS.tlsFileBytesMax) {
      throw new CofferError('too_large', `${file} has more than ${LIMITS.tlsFileBytesMax} bytes.`)
    }
    return readFileSync(fd, 'latin1')
  } catch (error) {
    if (error instanceof CofferError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw unusable(file, 'read', code)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** As a whole or not at all, whoever else writes it at the same time. @throws CofferError `unavailable` */
export const replaceTlsFile = (file: string, text: string, mode: number): void =>
  written(file, text, mode, (made) => renameSync(made, file))

/** The same where there must be none yet; false when somebody was faster. */
export function createTlsFile(file: string, text: string, mode: number): boolean {
  try {
    written(file, text, mode, (made) => linkSync(made, file))
    return true
  } catch (error) {
    if ((error as { details?: { errno?: string } }).details?.errno === 'EEXIST') return false
    throw error
  }
}

function written(file: string, text: string, mode: number, put: (made: string) => void): void {
  const made = `${file}.${process.pid}.new`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    rmSync(made, { force: true })
    const fd = openSync(made, 'wx', mode)
    try {
      // Whatever the umask: clients of other users are to read the authority.
      fchmodSync(fd, mode)
      const bytes = Buffer.from(text, 'latin1')
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    put(made)
    const dir = openSync(dirname(file), 'r')
    try {
      fsyncSync(dir)
    } finally {
      closeSync(dir)
    }
  } catch (error) {
    throw unusable(file, 'written', (error as NodeJS.ErrnoException).code)
  } finally {
    rmSync(made, { force: true })
  }
}

const unusable = (file: string, what: string, errno = 'EIO') =>
  new CofferError('unavailable', `${file} cannot be ${what} (${errno}).`, {
    remedy: 'Check the name of the file and who may use it.',
    details: { file, errno },
  })

/** Where a data directory keeps what its own certificates need. */
export const tlsPlaces = (dataDir: string) => ({
  /** The authority's certificate, for clients. */
  ca: join(dataDir, 'tls', 'ca.pem'),
  /** The same with its private key. */
  authority: join(dataDir, 'tls', 'authority.pem'),
  /** The server's certificate with its private key. */
  server: join(dataDir, 'tls', 'server.pem'),
})
