import { CofferError } from '../../../core/errors.ts'

/** The code of an error of the file system: `ENOENT`; else empty. */
export const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException | undefined)?.code ?? ''

/** @returns undefined where it says that there is nothing @throws CofferError otherwise */
export function translate(error: unknown, shown: string): undefined {
  if (error instanceof CofferError) throw error
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  if (code === 'ELOOP') {
    throw new CofferError('denied', `${shown} is a symbolic link; none is followed.`, {
      remedy: 'Name the file where it really is.',
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    throw new CofferError('denied', `${shown} may not be read or written.`, {
      remedy: 'Give this user permission for it and its folder.',
    })
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    throw new CofferError('unavailable', `There is no room left on the disk for ${shown}.`, {
      remedy: 'Make room there, then sync again; it is as it was.',
    })
  }
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    throw new CofferError('corrupt', `${shown} is not UTF-8.`, { remedy: 'Correct it by hand.' })
  }
  throw new CofferError('unavailable', `${shown} cannot be read or written now (${code}).`)
}
