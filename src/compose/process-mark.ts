import { hash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * What tells this process from every other, also of other machines and of one with the same number later:
 * `PID.START@MACHINE`. Undefined where the system does not tell (elsewhere than on Linux).
 */
export function processMark(): string | undefined {
  const machine = machineMark()
  const start = startOf(process.pid, told)
  return machine === undefined || start === undefined
    ? undefined
    : `${process.pid}.${start}@${machine}`
}

/**
 * Whether it is known that the process of this mark has ended: it was one of this machine. `tell`
 * reads what the system tells of a process, and throws where it tells nothing.
 */
export function isGone(mark: string, tell: Tell = told): boolean {
  const [, pid, start, machine] = /^(\d{1,10})\.(\d{1,20})@([0-9a-f]{16})$/.exec(mark) ?? []
  if (machine === undefined || machine !== machineMark()) return false
  return startOf(Number(pid), tell) !== start && !isHidden(Number(pid), tell)
}

type Tell = (pid: number) => string
const told: Tell = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8')

/** It lives, as somebody else whose processes the system does not show (`hidepid`, proc(5)). */
function isHidden(pid: number, tell: Tell): boolean {
  try {
    tell(pid)
    return false
  } catch {
    return exists(pid)
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** A boot of a machine, and the numbering of processes within it: a container has its own. */
function machineMark(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const numbering = readlinkSync('/proc/self/ns/pid')
    return hash('sha256', [boot, numbering, hostname()].join('\0')).slice(0, 16)
  } catch {
    return undefined
  }
}

/** In ticks since the boot. Undefined: there is no such process, or it is one that nobody waited for. */
function startOf(pid: number, tell: Tell): string | undefined {
  try {
    const stat = tell(pid)
    // The name in front may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ENDED.has(fields[0] ?? '') ? undefined : fields[START]
  } catch {
    return undefined
  }
}

/** Zombie and dead: it does nothing any more. */
const ENDED: ReadonlySet<string> = new Set(['Z', 'X'])
/** `starttime`, the 22nd field of proc_pid_stat(5), counted from the third. */
const START = 19
