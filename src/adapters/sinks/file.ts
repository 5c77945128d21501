import { open, type FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname } from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Sink } from '../../core/ports/sink.ts'

/** The number and generation that a line of the log begins with and may carry. */
const SEQ = /^\{"seq":([0-9]{1,16}),/
const GENERATION = /[,{]"generation":([0-9]{1,16})[,}]/

/** How far back a generation is looked for: every flush ends with a line that has one. */
const TAIL_BYTES = 4_194_304

interface Held {
  readonly seq: number
  readonly generation: number
  /** Behind the last complete line. */
  readonly bytes: number
}

/**
 * Appends the log's lines to one file (0600), each batch synced: for another disk or a mount that
 * this machine can append to. Several processes may share the file: each looks at what is there.
 * @throws CofferError `invalid_argument` without a name
 */
export function fileSink(options: { readonly file: string }): Sink {
  const { file } = options
  if (file === '') throw new CofferError('invalid_argument', 'The audit sink needs a file name.')
  let handle: FileHandle | undefined
  let held: Held | undefined

  const look = async (): Promise<{ file: FileHandle; held: Held }> => {
    handle ??= await open(file, FLAGS, 0o600)
    const { size } = await handle.stat()
    // A new file's name must be as durable as its first line.
    if (size === 0) await syncDirectory(dirname(file))
    if (held === undefined || held.bytes !== size) held = await heldIn(handle, size)
    return { file: handle, held }
  }

  return {
    kind: 'file',
    description: `file ${file}`,
    append: (lines, signal) =>
      translated(file, async () => {
        const now = await look()
        const missing = lines.filter((line) => seqOf(line) > now.held.seq)
        if (missing.length === 0) return
        signal.throwIfAborted()
        const bytes = Buffer.from(`${missing.join('\n')}\n`, 'latin1')
        held = undefined
        // A write that did not finish earlier is overwritten.
        await now.file.truncate(now.held.bytes)
        await writeAll(now.file, bytes, now.held.bytes)
        await now.file.datasync()
        held = {
          seq: seqOf(missing.at(-1)!),
          generation: missing.reduce(maxGeneration, now.held.generation),
          bytes: now.held.bytes + bytes.length,
        }
      }),
    head: () =>
      translated(file, async () => {
        const { seq, generation } = (await look()).held
        return seq === 0 ? undefined : { seq, generation }
      }),
    async close() {
      await handle?.close()
      handle = undefined
    },
  }
}

const FLAGS = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/** @throws CofferError `audit_unavailable` when a line has no number */
function seqOf(line: string): number {
  const seq = SEQ.exec(line)
  if (seq !== null) return Number(seq[1])
  throw new CofferError('audit_unavailable', 'A line of the audit sink has no number.')
}

const maxGeneration = (most: number, line: string): number =>
  Math.max(most, Number(GENERATION.exec(line)?.[1] ?? 0))

async function heldIn(handle: FileHandle, size: number): Promise<Held> {
  for (let tail = 4 * LIMITS.auditLineBytesMax; ; tail *= 4) {
    const length = Math.min(size, tail)
    const text = await textAt(handle, size - length, length)
    const end = text.lastIndexOf('\n') + 1
    const lines = text.slice(0, Math.max(0, end - 1)).split('\n')
    // The first one is whole only at the beginning of the file.
    const whole = length === size ? lines : lines.slice(1)
    const generation = whole.reduce(maxGeneration, 0)
    const enough = length === size || tail >= TAIL_BYTES || (generation > 0 && whole.length > 0)
    if (!enough) continue
    const last = whole.at(-1) ?? ''
    return {
      seq: last === '' ? 0 : seqOf(last),
      generation,
      bytes: end === 0 ? 0 : size - length + end,
    }
  }
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function textAt(handle: FileHandle, position: number, length: number): Promise<string> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await handle.read(bytes, 0, length, position)
  return bytes.toString('latin1', 0, bytesRead)
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

async function translated<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof CofferError) throw cause
    throw new CofferError('audit_unavailable', `The audit sink file ${file} cannot be written.`, {
      cause,
      remedy: 'Make it writable (disk space, permissions); nothing was handed out.',
    })
  }
}
