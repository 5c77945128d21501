import { readFileSync } from 'node:fs'

/** A process that can be told from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot; absent where /proc is. */
  readonly startedAt?: string | undefined
}

export const identify = (pid: number): ProcessIdentity => ({
  pid,
  startedAt: statOf(pid)?.startedAt,
})

/** Whether it still runs; a zombie does not. */
export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  if (startedAt !== undefined) {
    const now = statOf(pid)
    return now?.startedAt === startedAt && now.state !== 'Z' && now.state !== 'X'
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** proc_pid_stat(5): after the name in brackets, field 3 is the state and field 22 the start. */
function statOf(pid: number): { state: string; startedAt: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state, startedAt] = [fields[0], fields[19]]
    return state === undefined || startedAt === undefined ? undefined : { state, startedAt }
  } catch {
    return undefined
  }
}
