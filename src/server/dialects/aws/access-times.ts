/** On which day a secret, or a version of it, was last read through this dialect, by this process. */
export interface AccessTimes {
  touch(secretId: string, version: number, at: number): void
  /** Midnight UTC of that day. */
  last(secretId: string, version?: number): number | undefined
}

export function createAccessTimes(max = ACCESS_TIMES_MAX): AccessTimes {
  const days = new Map<string, number>()
  const touch = (key: string, day: number) => {
    if (days.get(key) === day) return
    if (days.size >= max) days.delete(days.keys().next().value ?? '')
    days.set(key, day)
  }
  return {
    touch(secretId, version, at) {
      const day = Math.floor(at / DAY_MS)
      touch(secretId, day)
      touch(`${secretId} ${version}`, day)
    },
    last(secretId, version) {
      const day = days.get(version === undefined ? secretId : `${secretId} ${version}`)
      return day === undefined ? undefined : day * DAY_MS
    },
  }
}

export const ACCESS_TIMES_MAX = 100_000
const DAY_MS = 86_400_000
