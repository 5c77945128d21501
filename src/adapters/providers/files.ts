import { constants, unwatchFile, watchFile } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { closing } from '../../core/closing.ts'
import { CofferError } from '../../core/errors.ts'

const POLL_MS = 500

/**
 * A regular file's bytes. `shown` is what to call it. Follows no symbolic link at its last step
 * unless `follow`, and waits for no FIFO.
 * @returns undefined where there is none
 * @throws CofferError `denied`, `too_large`, `invalid_value` (no regular file), `unavailable`
 */
export async function readFileWhole(
  file: string,
  shown: string,
  bytesMax: number,
  { follow }: { follow: boolean },
): Promise<Uint8Array | undefined> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (follow ? 0 : constants.O_NOFOLLOW)
  try {
    // Loaded when a file is read: it takes Node milliseconds that most programs never need.
    const { open } = await import('node:fs/promises')
    return await closing(await open(file, flags), (handle) => contentOf(handle, shown, bytesMax))
  } catch (error) {
    return translate(error, shown)
  }
}

async function contentOf(handle: FileHandle, shown: string, bytesMax: number): Promise<Uint8Array> {
  const stats = await handle.stat()
  if (!stats.isFile()) throw new CofferError('invalid_value', `${shown} is not a regular file.`)
  // One byte more than allowed tells, also of a file that grows or gives no size.
  const buffer = new Uint8Array(Math.min(stats.size, bytesMax) + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    length += bytesRead
    if (bytesRead === 0 || length === buffer.length) break
  }
  if (length > bytesMax) {
    throw new CofferError('too_large', `${shown} has more than ${bytesMax} bytes.`)
  }
  if (length > stats.size) throw new CofferError('unavailable', `${shown} is being written.`)
  return buffer.slice(0, length)
}

/** @returns undefined where the error says that there is nothing @throws CofferError otherwise */
export function translate(error: unknown, shown: string): undefined {
  if (error instanceof CofferError) throw error
  const code = String((error as NodeJS.ErrnoException | undefined)?.code)
  if (ABSENT.includes(code)) return undefined
  if (DENIED.includes(code)) {
    throw new CofferError('denied', `${shown} may not be read.`, {
      remedy: 'Give this user permission to read it.',
    })
  }
  if (MALFORMED.includes(code)) {
    throw new CofferError('invalid_reference', `${shown} cannot be the name of a file.`)
  }
  throw new CofferError('unavailable', `${shown} cannot be read now (${code}).`)
}

/**
 * Calls `changed` within a second of a change to what the name leads to, also when it is another
 * file by then: by asking, since events are lost across symbolic links, mounts and networks.
 */
export function watchByName(file: string, changed: () => void): () => void {
  const listener = (now: BigIntStats, before: BigIntStats) => {
    if (now.ctimeNs !== before.ctimeNs || now.ino !== before.ino) changed()
  }
  watchFile(file, { persistent: false, interval: POLL_MS, bigint: true }, listener)
  return () => unwatchFile(file, listener as never)
}

const ABSENT = ['ENOENT', 'ENOTDIR']
const DENIED = ['EACCES', 'EPERM']
const MALFORMED = ['ENAMETOOLONG', 'ELOOP', 'EINVAL', 'ERR_INVALID_ARG_VALUE']
