import { lstatSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { attempt, unlinkQuietly, writePrivateFile } from '../files.ts'

/**
 * A directory that only the user can enter, for secrets as files. Every folder in it is looked at
 * before it is used: one that is a symbolic link, belongs to another, or is open to others is refused.
 */
export interface PrivateDir {
  /** Puts a file in place at once, 0600 from its first byte. Returns what tells it from a later one. */
  write(relative: string, bytes: Uint8Array): string
  /** The folders that did not exist before, the directory itself included. */
  readonly made: readonly string[]
  /**
   * Removes the files that are still those that were written (by name: what `write` returned), then
   * those of `folders` that are empty. What a later run put in place stays.
   */
  remove(written: ReadonlyMap<string, string>, folders: readonly string[]): void
}

/** @throws CofferError `key_exposed`, `unavailable` */
export function privateDir(root: string): PrivateDir {
  const made: string[] = []
  enter(root, made)
  return {
    write: (relative, bytes) => {
      let folder = root
      for (const segment of relative.split('/').slice(0, -1)) {
        folder = join(folder, segment)
        enter(folder, made)
      }
      writePrivateFile(join(root, relative), bytes)
      return identityOf(join(root, relative)) ?? ''
    },
    made,
    remove: (written, folders) => {
      for (const [relative, identity] of written) {
        const file = join(root, relative)
        if (identityOf(file) === identity) unlinkQuietly(file)
      }
      for (const folder of [...folders].sort((a, b) => b.length - a.length)) removeEmpty(folder)
    },
  }
}

/** Makes or accepts a folder. @throws CofferError `key_exposed` when others could change it */
function enter(folder: string, made: string[]): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
    made.push(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      attempt(folder, 'write', () => {
        throw error
      })
    }
  }
  const stat = attempt(folder, 'read', () => lstatSync(folder))
  const mine = process.getuid === undefined || stat.uid === process.getuid()
  if (stat.isDirectory() && mine && (stat.mode & 0o077) === 0) return
  const why = !stat.isDirectory()
    ? 'is a link or a file, and not a folder'
    : mine
      ? 'can be entered by others'
      : 'belongs to another user'
  throw new CofferError('key_exposed', `${folder} ${why}; no secret was written there.`, {
    remedy: 'Name a folder that does not exist yet, or make it private with chmod 700.',
  })
}

/** The inode, and when it was born: the successor of a successor may be given the first one's inode. */
function identityOf(file: string): string | undefined {
  try {
    const { dev, ino, birthtimeNs, mtimeNs } = lstatSync(file, { bigint: true })
    return `${dev}:${ino}:${birthtimeNs || mtimeNs}`
  } catch {
    return undefined
  }
}

function removeEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length === 0) rmdirSync(folder)
  } catch {
    // Another uses it, or removed it first.
  }
}
