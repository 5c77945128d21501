import { checkSize } from './environment.ts'
import type { Executable } from './executable.ts'

/** What is to be started in this process's place. */
export interface Start {
  readonly executable: Executable
  /** As typed: the name, then its arguments. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Node ignores these, and an ignored signal stays ignored in what a process becomes. */
const IGNORED_BY_NODE = ['SIGPIPE', 'SIGXFSZ'] as const

/**
 * Replaces this process by the command, which keeps its process id, standard streams, terminal and
 * parent: nothing of Coffer is left that could hold a key. Where Node cannot (`execve` is missing),
 * the command is a child, signals are passed on, and its end is copied.
 *
 * Signals are at their defaults in it, since those that somebody listens to are put back by `execve`
 * (POSIX, `exec`: "signals set to be caught … shall be set to the default action").
 *
 * @throws CofferError `too_large` before anything is started
 */
export async function become(
  start: Start,
  execve: typeof process.execve | null = process.execve ?? null,
): Promise<number> {
  const { executable, command, env } = start
  const [name = '', ...args] = command
  const { file, argv } = executable.needsShell
    ? { file: '/bin/sh', argv: ['sh', executable.file, ...args] }
    : { file: executable.file, argv: [name, ...args] }
  checkSize([file, ...argv], env)
  if (execve === null) {
    const { superviseChild } = await import('./supervise.ts')
    return superviseChild(file, argv, env)
  }
  // What was compiled is kept only when a process ends by itself, or when this is said.
  process.getBuiltinModule('node:module').flushCompileCache()
  for (const signal of IGNORED_BY_NODE) process.on(signal, () => {})
  return execve.call(process, file, argv, env)
}
