import { spawn } from 'node:child_process'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: Buffer
}

/**
 * Runs a program to its end, without a shell. What it says on standard error is read by nobody: it
 * may hold anything.
 * @throws CofferError `command_not_found`, `command_not_executable`, `too_large` past 1 MiB of output,
 * `unavailable`; the signal's reason
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>
    readonly input: string | undefined
    readonly signal: AbortSignal
    readonly shown: string
  },
): Promise<Ended> {
  const { env, input, signal, shown } = options
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  const child = spawn(program, args, {
    env,
    shell: false,
    windowsHide: true,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'],
  })
  const chunks: Buffer[] = []
  let length = 0
  const stop = (why: unknown) => {
    child.kill('SIGKILL')
    child.stdout?.destroy()
    reject(why)
  }
  const cancel = () => stop(signal.reason)
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  child.stdout?.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    length += chunk.length
    if (length > LIMITS.valueBytesCeiling) {
      const most = LIMITS.valueBytesCeiling
      stop(new CofferError('too_large', `The program ${shown} printed more than ${most} bytes.`))
    }
  })
  child.on('error', (error: NodeJS.ErrnoException) => stop(notStarted(error, shown)))
  child.on('close', (code, ended) => {
    resolve({ code, signal: ended, output: Buffer.concat(chunks) })
    for (const chunk of chunks) chunk.fill(0)
  })
  // One that ends without reading its input has said all it has to say.
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  return promise.finally(() => signal.removeEventListener('abort', cancel))
}

function notStarted({ code = 'EIO' }: NodeJS.ErrnoException, shown: string): CofferError {
  if (code === 'ENOENT') {
    return new CofferError('command_not_found', `There is no program ${shown}.`)
  }
  if (code === 'EACCES') {
    return new CofferError('command_not_executable', `The program ${shown} cannot be executed.`)
  }
  return new CofferError('unavailable', `The program ${shown} cannot be started (${code}).`)
}
