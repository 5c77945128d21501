import { constants } from 'node:fs'
import { lstat, open, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { closing } from '../../../core/closing.ts'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { codeOf, translate } from './fault.ts'
import { makeFolder } from './place.ts'
import type { FilePlace } from './place.ts'

/** One that nobody wrote to for so long was left behind by a process that died. */
const STALE_MS = 3_000
/** So long it is waited for who writes. */
const WAIT_MS = 10_000
const LOOK_EVERY_MS = 50
const TRIES = 3

/** The file's text; undefined: there is none. @throws CofferError `denied`, `corrupt`, `too_large`, `unavailable` */
export async function readText({ file, shown }: FilePlace): Promise<string | undefined> {
  return (await readWhole(file, shown))?.text
}

/**
 * Replaces the file by what `change` makes of its text, at once: mode 0600 from the first byte, in
 * the same folder (which is made where it is not there), synced, renamed over it. Who writes it at
 * the same time is not overwritten: `change` is asked again, and after three times it is a
 * `conflict`. The text as it was writes nothing. Of two that rewrite one file through this function,
 * the later is refused: `conflict`.
 * @throws CofferError as `readText`, and `conflict`
 */
export async function rewrite(
  place: FilePlace,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  const { file, shown } = place
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
    if (await replace(place, text, before?.stamp)) return
    if (tries === TRIES) throw new CofferError('conflict', `${shown} is being changed.`)
  }
}

interface Whole {
  readonly text: string
  readonly stamp: string
}

async function readWhole(file: string, shown: string): Promise<Whole | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    return await closing(await open(file, flags), (handle) => wholeOf(handle, shown))
  } catch (error) {
    return translate(error, shown)
  }
}

async function wholeOf(handle: FileHandle, shown: string): Promise<Whole> {
  const stats = await handle.stat({ bigint: true })
  if (!stats.isFile())
    throw new CofferError('corrupt', `${shown} is not a regular file.`, {
      remedy: 'Move it away, or name another file.',
    })
  if (stats.size > LIMITS.documentBytesMax) {
    throw new CofferError('too_large', `${shown} has more than ${LIMITS.documentBytesMax} bytes.`)
  }
  const bytes = await handle.readFile()
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  return { text, stamp: stampOf(stats) }
}

/** Whether it was done; not, when the file is another than the one that was read. */
async function replace(
  place: FilePlace,
  text: string,
  stamp: string | undefined,
): Promise<boolean> {
  // The name is the same for everybody: who makes it first writes.
  const next = path.join(path.dirname(place.file), `.${path.basename(place.file)}.coffer-new`)
  // Open to the end: for so long no other file is given its number.
  const handle = await makeNext(next, place)
  return closing(handle, () => replaceBy(handle, next, place, text, stamp))
}

async function replaceBy(
  handle: FileHandle,
  next: string,
  { file, shown }: FilePlace,
  text: string,
  stamp: string | undefined,
): Promise<boolean> {
  const { ino } = await handle.stat({ bigint: true })
  const isMine = async () =>
    (await lstat(next, { bigint: true }).catch(() => undefined))?.ino === ino
  try {
    await handle.chmod(0o600)
    await handle.writeFile(text)
    await handle.sync()
    const now = await lstat(file, { bigint: true }).catch(() => undefined)
    if ((now === undefined ? undefined : stampOf(now)) !== stamp) {
      if (await isMine()) await unlink(next)
      return false
    }
    // Somebody who took ours for a dead one's has made another of its name.
    if (!(await isMine())) throw busy(shown)
    await rename(next, file)
  } catch (error) {
    if (await isMine()) await unlink(next).catch(() => {})
    translate(error, shown)
    throw new CofferError('unavailable', `${shown} cannot be written.`)
  }
  await syncFolder(path.dirname(file))
  return true
}

async function makeNext(next: string, place: FilePlace): Promise<FileHandle> {
  const { shown } = place
  const until = Date.now() + WAIT_MS
  for (;;) {
    try {
      makeFolder(place)
      return await open(next, 'wx', 0o600)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') {
        translate(error, shown)
        throw new CofferError('not_found', `The folder of ${shown} is not there.`)
      }
    }
    const stats = await lstat(next).catch(() => undefined)
    if (Date.now() > until) throw busy(shown)
    if (stats === undefined) continue
    // One from the future was not written by a clock that can be gone by either.
    if (Math.abs(Date.now() - stats.mtimeMs) >= STALE_MS) await unlink(next).catch(() => {})
    else await sleep(LOOK_EVERY_MS)
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  await closing(await open(folder, 'r'), (handle) => handle.sync())
}

const busy = (shown: string) =>
  new CofferError('conflict', `${shown} is being written by another sync.`, {
    remedy: 'Try again when it has finished.',
  })

const stampOf = (stats: { ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string =>
  [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':')
