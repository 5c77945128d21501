/** What `stat` tells of a directory. */
export interface DirectoryStamp {
  readonly dev: number
  readonly ino: number
  readonly ctimeMs: number
}

/** Changes that are this close together may leave one time behind: no kernel's clock is coarser. */
const SETTLED_MS = 100
const SECOND_MS = 1_000

/**
 * Equal for two looks at a directory only if all names in it still lead to the same files. Absent
 * where that cannot be told: just after a change, and where times are kept in whole seconds.
 *
 * It is asked in place of a look at a file that is written all the time: since Linux 6.13 a time of
 * change that somebody has seen must differ from the next one, which makes the next sync dearer.
 */
export function directoryStamp(
  stat: DirectoryStamp | undefined,
  nowMs: number,
): DirectoryStamp | undefined {
  if (stat === undefined || stat.ctimeMs % SECOND_MS === 0) return undefined
  if (nowMs - stat.ctimeMs <= SETTLED_MS) return undefined
  return { dev: stat.dev, ino: stat.ino, ctimeMs: stat.ctimeMs }
}

/** The names are looked at afresh this often, on a file system that stamps no directory. */
const FULL_LOOK_EVERY = 64

/** What was found good in a directory, and is while its stamp stays: told without a look at the files. */
export class KnownNames {
  #stamp: DirectoryStamp | undefined
  #looksLeft = 0

  /** Whether what was learnt still holds, in a directory that now has this stamp. */
  hold(stamp: DirectoryStamp | undefined): boolean {
    this.#looksLeft -= 1
    const known = this.#stamp
    return (
      this.#looksLeft > 0 &&
      stamp?.ctimeMs === known?.ctimeMs &&
      stamp?.ino === known?.ino &&
      stamp?.dev === known?.dev &&
      known !== undefined
    )
  }

  /** The files were looked at, and found good, after the directory had this stamp. */
  learn(stamp: DirectoryStamp | undefined): void {
    this.#stamp = stamp
    this.#looksLeft = FULL_LOOK_EVERY
  }

  forget(): void {
    this.#stamp = undefined
  }
}
