import { readFileSync } from 'node:fs'
import { checkSize } from './environment.ts'
import type { Executable } from './executable.ts'

/** What is to be started in this process's place. */
export interface Start {
  readonly executable: Executable
  /** As typed: the name, then its arguments. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const ENV = '/usr/bin/env'

/**
 * Replaces this process by the command, which keeps its process id, standard streams, terminal and
 * parent: nothing of Coffer is left that could hold a key. Where Node cannot (`execve` is missing),
 * the command is a child, signals are passed on, and its end is copied.
 *
 * Node ignores SIGPIPE and SIGXFSZ, and an ignored signal stays ignored in what it becomes; GNU
 * `env` puts both back to their defaults on the way.
 *
 * @throws CofferError `too_large` before anything is started
 */
export async function become(
  start: Start,
  execve: typeof process.execve | null = process.execve ?? null,
): Promise<number> {
  const { executable, command, env } = start
  const [name = '', ...args] = command
  const plain = executable.needsShell
    ? { file: '/bin/sh', argv: ['sh', executable.file, ...args] }
    : { file: executable.file, argv: [name, ...args] }
  if (execve === null) {
    const { superviseChild } = await import('./supervise.ts')
    checkSize(plain.argv, env)
    return superviseChild(plain.file, plain.argv, env)
  }
  const chosen = canResetSignals(executable.file)
    ? {
        file: ENV,
        argv: ['env', '--default-signal=PIPE,XFSZ', '--', executable.file, ...args],
      }
    : plain
  checkSize([chosen.file, ...chosen.argv], env)
  // What was compiled is kept only when a process ends by itself, or when this is said.
  process.getBuiltinModule('node:module').flushCompileCache()
  return execve.call(process, chosen.file, chosen.argv, env)
}

/** Whether this system's `env` has --default-signal; a file name with `=` it would take for a variable. */
function canResetSignals(file: string): boolean {
  if (file.includes('=')) return false
  try {
    return readFileSync(ENV).includes('default-signal')
  } catch {
    return false
  }
}
