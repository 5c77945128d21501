import { lchownSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** Whom the system's files are not open to, as most systems number them. */
const NOBODY = 65_534

/** Whether `asNobody` can be had: not as root where a sandbox keeps it from becoming another. */
export function canBeNobody(): boolean {
  if (process.geteuid?.() !== 0) return process.geteuid !== undefined
  try {
    become(NOBODY)
    become(0)
    return true
  } catch {
    return false
  }
}

/**
 * Does the work without root's right to pass over permissions: as root it is done as nobody, who owns
 * the folder and all in it from then on. The whole process is nobody for so long.
 */
export async function asNobody<T>(folder: string, work: () => T | Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work()
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    lchownSync(path.join(folder, name), NOBODY, NOBODY)
  }
  become(NOBODY)
  try {
    return await work()
  } finally {
    become(0)
  }
}

function become(id: number): void {
  const { setegid, seteuid } = process
  // Whoever is not root any more changes no group: that comes first, and last on the way back.
  if (id === 0) seteuid?.(0)
  setegid?.(id)
  if (id !== 0) seteuid?.(id)
}
