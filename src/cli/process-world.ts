import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { CofferError } from '../core/errors.ts'
import { BrokenPipe, type InputStream, type OutputStream, type World } from './world.ts'

/**
 * The process as a world. `process.stdin` and `process.stdout` are never touched: they would load
 * the network layer, and make a shared pipe non-blocking for the program that `run` becomes.
 */
export function processWorld(): World {
  return {
    env: process.env,
    get cwd() {
      return workingDirectory()
    },
    now: Date.now,
    stdin: input(0),
    stdout: output(1),
    stderr: output(2),
    get prompt() {
      return hasTerminal() ? askHidden : undefined
    },
    get confirm() {
      return hasTerminal() ? askYesNo : undefined
    },
    compose: () => import('../compose.ts'),
    interrupted: onInterrupt,
    onSignal: (signal, handler) => {
      process.on(signal, handler)
      return () => process.off(signal, handler)
    },
  }
}

/** A folder that was replaced or removed under a shell is one that nothing can be found from. */
function workingDirectory(): string {
  try {
    return process.cwd()
  } catch {
    throw new CofferError('not_found', 'The working directory is not there any more.', {
      remedy: 'Go to one that exists: `cd "$PWD"` where it was replaced, as by a deploy.',
    })
  }
}

const askHidden = async (question: string): Promise<string> =>
  (await import('./prompt.ts')).askHidden(question)

const askYesNo = async (question: string): Promise<boolean> =>
  (await import('./prompt.ts')).askYesNo(question)

function input(fd: number): InputStream {
  return {
    get isTTY() {
      return isTerminal(fd)
    },
    readAll: (bytesMax) => readToEnd(fd, bytesMax),
  }
}

function output(fd: number): OutputStream {
  return {
    get isTTY() {
      return isTerminal(fd)
    },
    get columns() {
      return Number(process.env.COLUMNS) || 100
    },
    write: (chunk) => writeFully(fd, typeof chunk === 'string' ? Buffer.from(chunk) : chunk),
  }
}

/** Reads a descriptor to its end. @throws CofferError `too_large`, `unavailable` */
export function readToEnd(fd: number, bytesMax: number): Uint8Array {
  const chunks: Uint8Array[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(65_536)
    const size = retry(() => readSync(fd, chunk))
    if (size === 0) break
    total += size
    if (total > bytesMax) {
      throw new CofferError('too_large', `The input has more than ${bytesMax} bytes.`)
    }
    chunks.push(chunk.subarray(0, size))
  }
  const whole = Buffer.allocUnsafeSlow(total)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
    chunk.fill(0)
  }
  return whole
}

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) {
    offset += retry(() => writeSync(fd, bytes, offset))
  }
}

/** A descriptor that another process made non-blocking answers EAGAIN: wait for it. */
function retry(io: () => number): number {
  for (;;) {
    try {
      return io()
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'EOF') return 0
      if (code === 'EPIPE') throw new BrokenPipe()
      if (code !== 'EAGAIN') throw ioError(code)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
    }
  }
}

const ioError = (code: string | undefined) =>
  new CofferError(
    'unavailable',
    `Reading or writing a standard stream failed (${code ?? 'EIO'}).`,
    {
      remedy: 'Check where its input comes from and its output goes to.',
    },
  )

/** Exact. Loads the network layer when it may be one, so it is asked only where it matters. */
const isTerminal = (fd: number): boolean =>
  mayBeTerminal(fd) && process.getBuiltinModule('node:tty').isatty(fd)

/** A character device other than `/dev/null`. */
function mayBeTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd)
    return stat.isCharacterDevice() && stat.rdev !== statSync('/dev/null').rdev
  } catch {
    return false
  }
}

/** Whether a person can be asked: a terminal that is ours, and at least one stream on it. */
function hasTerminal(): boolean {
  if (!mayBeTerminal(2) && !mayBeTerminal(0)) return false
  try {
    closeSync(openSync('/dev/tty', 'r+'))
    return true
  } catch {
    return false
  }
}

function onInterrupt(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => controller.abort())
  }
  return controller.signal
}
