import { randomBytes } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** One that is being written changes all the time. */
const ABANDONED_MS = 3_600_000
const SUFFIX = /^\.[0-9a-f]+\.partial$/

/** Where a file is written before it has its name: nobody else's, also not that of a process of the same number. */
export const partialOf = (file: string): string =>
  `${file}.${randomBytes(6).toString('hex')}.partial`

/** Removes what processes that were killed have left of this file, an hour after they last wrote it. */
export async function removeAbandoned(file: string): Promise<void> {
  const [folder, name] = [dirname(file), basename(file)]
  for (const found of await readdir(folder).catch(() => [])) {
    if (!found.startsWith(name) || !SUFFIX.test(found.slice(name.length))) continue
    const partial = join(folder, found)
    const written = (await stat(partial).catch(() => undefined))?.mtimeMs ?? Infinity
    if (Date.now() - written > ABANDONED_MS) await rm(partial, { force: true }).catch(() => {})
  }
}
