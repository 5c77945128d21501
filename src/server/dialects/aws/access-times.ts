/** On which day a secret was last read through this dialect, by this process. */
export interface AccessTimes {
  touch(secretId: string, at: number): void
  /** Midnight UTC of that day. */
  last(secretId: string): number | undefined
}

export function createAccessTimes(max = ACCESS_TIMES_MAX): AccessTimes {
  const days = new Map<string, number>()
  return {
    touch(secretId, at) {
      const day = Math.floor(at / DAY_MS)
      if (days.get(secretId) === day) return
      if (days.size >= max) days.delete(days.keys().next().value ?? '')
      days.set(secretId, day)
    },
    last(secretId) {
      const day = days.get(secretId)
      return day === undefined ? undefined : day * DAY_MS
    },
  }
}

export const ACCESS_TIMES_MAX = 100_000
const DAY_MS = 86_400_000
