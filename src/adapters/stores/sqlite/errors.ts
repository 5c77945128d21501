import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import path from 'node:path'
import { CofferError, type ErrorCode } from '../../../core/errors.ts'

/** Below this many free bytes an unexplained I/O error is taken for a full disk. */
const DISK_FULL_BELOW_BYTES = 65_536

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html); any other is `internal`. */
const BY_RESULT: Readonly<Record<number, ErrorCode>> = {
  1: 'corrupt', // ERROR: our statements are fixed, so it is the schema that is not ours
  5: 'store_busy', // BUSY
  6: 'store_busy', // LOCKED
  8: 'store_read_only', // READONLY
  10: 'store_unavailable', // IOERR
  11: 'corrupt', // CORRUPT
  13: 'store_full', // FULL
  14: 'store_unavailable', // CANTOPEN
  15: 'store_busy', // PROTOCOL: lost a race for the WAL lock
  26: 'corrupt', // NOTADB
}

const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'store_read_only',
  EPERM: 'store_read_only',
  EROFS: 'store_read_only',
  ENOSPC: 'store_full',
  EDQUOT: 'store_full',
}

const SAYS: Partial<Record<ErrorCode, string>> = {
  store_busy: 'is held by another process',
  store_read_only: 'or its directory cannot be written',
  store_unavailable: 'cannot be read or written',
  store_full: 'has no space left on its disk',
  corrupt: 'is damaged, or is not a Coffer store',
}

/** What SQLite or the file system threw, as one of ours. The message names the file only. */
export function storeError(error: unknown, file: string): CofferError {
  if (error instanceof CofferError) return error
  return storeFailure(explain(codeOf(error), file), file, error)
}

export function storeFailure(code: ErrorCode, file: string, cause?: unknown): CofferError {
  const says = SAYS[code] ?? 'answered in an unexpected way'
  return new CofferError(code, `The store ${file} ${says}.`, { details: { file }, cause })
}

function codeOf(error: unknown): ErrorCode {
  const result = resultOf(error)
  if (result !== undefined) return BY_RESULT[result] ?? 'internal'
  const code = (error as { code?: unknown } | null)?.code
  // A number beyond 2^53 in a column: no store of ours holds one.
  if (code === 'ERR_OUT_OF_RANGE') return 'corrupt'
  const isFileError = typeof (error as { errno?: unknown } | null)?.errno === 'number'
  return isFileError ? (BY_ERRNO[String(code)] ?? 'store_unavailable') : 'internal'
}

function resultOf(error: unknown): number | undefined {
  const result = (error as { errcode?: unknown } | null)?.errcode
  return typeof result === 'number' ? result & 0xff : undefined
}

/** SQLite hides errno behind IOERR and CANTOPEN; the disk itself tells which it was. */
function explain(code: ErrorCode, file: string): ErrorCode {
  if (code !== 'store_unavailable') return code
  let directory = path.dirname(file)
  while (!existsSync(directory)) directory = path.dirname(directory)
  try {
    const disk = statfsSync(directory)
    if (disk.bavail * disk.bsize < DISK_FULL_BELOW_BYTES) return 'store_full'
    accessSync(directory, constants.W_OK)
    return code
  } catch (error) {
    return BY_ERRNO[String((error as { code?: unknown }).code)] ?? code
  }
}
