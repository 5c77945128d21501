import { constants } from 'node:fs'
import { lstat, open, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { FilePlace } from './place.ts'

/** One that is older was left behind by a process that died. */
const STALE_MS = 60_000
const TRIES = 3

/** The file's text; undefined: there is none. @throws CofferError `denied`, `corrupt`, `too_large`, `unavailable` */
export async function readText({ file, shown }: FilePlace): Promise<string | undefined> {
  return (await readWhole(file, shown))?.text
}

/**
 * Replaces the file by what `change` makes of its text, at once: mode 0600 from the first byte, in
 * the same folder, synced, renamed over it. Who writes it at the same time is not overwritten:
 * `change` is asked again, and after three times it is a `conflict`. The text as it was writes
 * nothing. Of two that rewrite one file through this function, one waits for nobody: `conflict`.
 * @throws CofferError as `readText`, and `conflict`
 */
export async function rewrite(
  { file, shown }: FilePlace,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const before = await readWhole(file, shown)
    const text = change(before?.text)
    if (text === before?.text || text === undefined) return
    if (Buffer.byteLength(text) > LIMITS.documentBytesMax) {
      throw new CofferError(
        'too_large',
        `${shown} would have more than ${LIMITS.documentBytesMax} bytes.`,
      )
    }
    if (await replace(file, shown, text, before?.stamp)) return
    if (tries === TRIES) throw new CofferError('conflict', `${shown} is being changed.`)
  }
}

interface Whole {
  readonly text: string
  readonly stamp: string
}

async function readWhole(file: string, shown: string): Promise<Whole | undefined> {
  try {
    await using handle = await open(
      file,
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    const stats = await handle.stat({ bigint: true })
    if (!stats.isFile()) throw new CofferError('corrupt', `${shown} is not a regular file.`)
    if (stats.size > LIMITS.documentBytesMax) {
      throw new CofferError('too_large', `${shown} has more than ${LIMITS.documentBytesMax} bytes.`)
    }
    const bytes = await handle.readFile()
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { text, stamp: stampOf(stats) }
  } catch (error) {
    return translate(error, shown)
  }
}

/** Whether it was done; not, when the file is another than the one that was read. */
async function replace(
  file: string,
  shown: string,
  text: string,
  stamp: string | undefined,
): Promise<boolean> {
  // The name is the same for everybody: who makes it first writes.
  const next = path.join(path.dirname(file), `.${path.basename(file)}.coffer-new`)
  const handle = await makeNext(next, shown)
  try {
    let mine: bigint
    try {
      mine = (await handle.stat({ bigint: true })).ino
      await handle.chmod(0o600)
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    const now = await lstat(file, { bigint: true }).catch(() => undefined)
    if ((now === undefined ? undefined : stampOf(now)) !== stamp) {
      await unlink(next)
      return false
    }
    // Somebody who took ours for a dead one's would have made another of its name.
    if ((await lstat(next, { bigint: true })).ino !== mine) throw busy(shown)
    await rename(next, file)
  } catch (error) {
    await unlink(next).catch(() => {})
    translate(error, shown)
    throw new CofferError('unavailable', `${shown} cannot be written.`)
  }
  await syncFolder(path.dirname(file))
  return true
}

async function makeNext(next: string, shown: string): Promise<FileHandle> {
  for (let tries = 1; ; tries++) {
    try {
      return await open(next, 'wx', 0o600)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || tries > 1) {
        if (codeOf(error) === 'EEXIST') throw busy(shown)
        translate(error, shown)
        throw new CofferError('not_found', `The folder of ${shown} is not there.`)
      }
    }
    const stats = await lstat(next).catch(() => undefined)
    const changedAgoMs = stats === undefined ? STALE_MS : Date.now() - stats.mtimeMs
    if (changedAgoMs < STALE_MS) throw busy(shown)
    await unlink(next).catch(() => {})
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await using handle = await open(folder, 'r')
  await handle.sync()
}

const busy = (shown: string) =>
  new CofferError('conflict', `${shown} is being written by another sync.`, {
    remedy: 'Try again when it has finished.',
  })

const stampOf = (stats: { ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string =>
  [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':')

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? ''

/** @returns undefined where it says that there is nothing @throws CofferError otherwise */
function translate(error: unknown, shown: string): undefined {
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
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    throw new CofferError('corrupt', `${shown} is not UTF-8.`, { remedy: 'Correct it by hand.' })
  }
  throw new CofferError('unavailable', `${shown} cannot be read or written now (${code}).`)
}
