import fs from 'node:fs'
import path from 'node:path'

/**
 * Small files of the state directory: 0600 from the first byte, replaced as a whole, in folders of
 * mode 0700. They are synchronous since they are a few hundred bytes, and are read when a deadline
 * has just passed. Nothing is synced: they may be lost.
 */

/** @returns undefined where there is none, or none that can be read, of at most `bytesMax` */
export function readSmall(file: string, bytesMax: number): Buffer | undefined {
  let fd: number | undefined
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | NO_LINK)
    const stats = fs.fstatSync(fd)
    if (!stats.isFile()) return undefined
    const bytes = Buffer.alloc(Math.min(stats.size, bytesMax) + 1)
    const length = fs.readSync(fd, bytes, 0, bytes.length, 0)
    return length > bytesMax ? undefined : bytes.subarray(0, length)
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) fs.closeSync(fd)
  }
}

/** Others see the old bytes or the new ones. @returns whether it was written */
export function replaceSmall(file: string, bytes: Uint8Array): boolean {
  const fresh = `${file}.${process.pid}-${Math.random().toString(36).slice(2, 10)}`
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    fs.writeFileSync(fresh, bytes, { flag: 'wx', mode: 0o600 })
    fs.renameSync(fresh, file)
    return true
  } catch {
    removeSmall(fresh)
    return false
  }
}

/** A file of exactly these bytes that is ours and that nobody else can reach. */
export function readOwn(file: string, bytes: number): Buffer | undefined {
  const user = process.getuid?.()
  try {
    const { mode, uid } = fs.statSync(file)
    if (user !== undefined && ((mode & 0o077) !== 0 || uid !== user)) return undefined
  } catch {
    return undefined
  }
  const found = readSmall(file, bytes)
  return found?.length === bytes ? found : undefined
}

/** Makes a file unless another process just did: whole from the moment it has its name. */
export function makeOnce(file: string, bytes: Uint8Array): boolean {
  const fresh = `${file}.${process.pid}-new`
  if (!replaceSmall(fresh, bytes)) return false
  try {
    fs.linkSync(fresh, file)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EEXIST'
  } finally {
    removeSmall(fresh)
  }
}

/** Removes the files of a folder that were last written longer ago. */
export function removeOlder(folder: string, ageMs: number): void {
  try {
    for (const name of fs.readdirSync(folder)) {
      const file = path.join(folder, name)
      if (isOlder(file, ageMs)) removeSmall(file)
    }
  } catch {
    // There is none yet.
  }
}

export function removeSmall(file: string): void {
  try {
    fs.unlinkSync(file)
  } catch {
    // It is not there, or cannot be changed: then it cannot have been written either.
  }
}

/**
 * A file that only one process at a time makes. One that is older than `staleMs` was left behind.
 * @returns `held` by another; undefined where no file can be made at all
 */
export function takeTurn(file: string, staleMs: number): 'mine' | 'held' | undefined {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    fs.closeSync(fs.openSync(file, 'wx', 0o600))
    return 'mine'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return undefined
    if (isOlder(file, staleMs)) removeSmall(file)
    return 'held'
  }
}

const NO_LINK = (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0)

function isOlder(file: string, ageMs: number): boolean {
  try {
    return Math.abs(Date.now() - fs.statSync(file).mtimeMs) > ageMs
  } catch {
    return false
  }
}
