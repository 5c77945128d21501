import { spawn } from 'node:child_process'

const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGCONT',
]

/**
 * Runs a command as a child that has this process's standard streams. Signals go on to it, and
 * this process ends as it did: with its exit code, or by the same signal.
 */
export function superviseChild(
  file: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const [argv0 = file, ...args] = argv
  const child = spawn(file, args, { argv0, env, stdio: 'inherit' })
  const stops = FORWARDED.map((signal) => {
    const forward = () => void child.kill(signal)
    process.on(signal, forward)
    return () => void process.off(signal, forward)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      for (const stop of stops) stop()
      if (signal === null) return resolve(code ?? 0)
      process.kill(process.pid, signal)
      setTimeout(() => resolve(128 + (SIGNAL_NUMBERS[signal] ?? 0)), 50)
    })
  })
}

/** For a signal that does not end this process, as a shell would show it. */
const SIGNAL_NUMBERS: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
}
