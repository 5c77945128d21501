import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'

/**
 * Whether a link leads what a check would read out of the repository, or to what Git keeps in it. Who
 * writes overlays and their schema asks by patterns what stands in them, and reads the answers in the
 * report: of files of the machine, such as a kept login, nobody may ask.
 */
export function leadsOutside(file: string, dir: string): boolean {
  const real = realOf(file)
  if (real === undefined) return false
  const way = path.relative(repositoryOf(realOf(dir) ?? dir), real).split(path.sep)
  return way[0] === '..' || path.isAbsolute(way.join(path.sep)) || way.includes('.git')
}

export const OUTSIDE = 'A link leads it out of the repository, where a check does not look.'

/** Absent, and told so by whoever reads it. */
function realOf(file: string): string | undefined {
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}

function repositoryOf(start: string): string {
  for (let dir = start; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, '.git'))) return dir
    if (dir === path.dirname(dir)) return start
  }
}
