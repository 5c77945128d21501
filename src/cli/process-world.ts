import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import process from 'node:process'
import { CofferError } from '../core/errors.ts'
import { BrokenPipe, type InputStream, type OutputStream, type World } from './world.ts'

/**
 * The process as a world. `process.stdin` and `process.stdout` are never touched: they would load
 * the network layer, and make a shared pipe non-blocking for the program that `run` becomes.
 */
export function processWorld(): World {
  const terminal = hasTerminal()
  return {
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
    stdin: input(0),
    stdout: output(1),
    stderr: output(2),
    ...(terminal
      ? {
          prompt: async (question) => (await import('./prompt.ts')).askHidden(question),
          confirm: async (question) => (await import('./prompt.ts')).askYesNo(question),
        }
      : {}),
    compose: () => import('../compose.ts'),
    interrupted: onInterrupt,
  }
}

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
  for (let offset = 0; offset < bytes.length; ) {
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
  new CofferError('unavailable', `Reading or writing a standard stream failed (${code ?? 'EIO'}).`, {
    remedy: 'Check where its input comes from and its output goes to.',
  })

/** True for a terminal. `/dev/null` is a character device too, and has no window size. */
function isTerminal(fd: number): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false
  } catch {
    return false
  }
  const { isatty } = process.getBuiltinModule('node:tty')
  return isatty(fd)
}

function hasTerminal(): boolean {
  if (!isTerminal(2) && !isTerminal(0)) return false
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
