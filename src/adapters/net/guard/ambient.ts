/** Time and chance, given so that tests own them. */
export interface Ambient {
  /** Milliseconds since 1970. */
  now(): number
  /** From 0, below 1. */
  random(): number
  /** Resolves early, and never rejects, once the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const ambient: Ambient = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end, { once: true })
    }),
}
