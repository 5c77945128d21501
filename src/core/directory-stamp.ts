/** What `stat` tells of a directory. */
interface DirectoryStat {
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
export function directoryStamp(stat: DirectoryStat | undefined, nowMs: number): string | undefined {
  if (stat === undefined || stat.ctimeMs % SECOND_MS === 0) return undefined
  if (nowMs - stat.ctimeMs <= SETTLED_MS) return undefined
  return `${stat.dev}:${stat.ino}:${stat.ctimeMs}`
}
