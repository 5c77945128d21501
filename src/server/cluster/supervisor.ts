import type { Worker } from 'node:cluster'

/** Keeps so many workers alive. */
export interface Supervisor {
  /** Starts one, which is followed by another whenever it ends. */
  start(): void
  /** This worker answers requests: it is no start that failed. */
  healthy(worker: Worker): void
  /** Follows no worker any more. */
  stop(): void
}

/**
 * So many starts in a row that never came to answer, with no other worker that does: going on would
 * only hide what is wrong.
 */
export const FAILED_STARTS_MAX = 10
const SHORT_LIFE_MS = 10_000
const WAIT_MS = 100
const WAIT_MS_MAX = 5_000

/**
 * A worker that ends is replaced at once; one that ended soon after it began, later and later.
 * `giveUp` is called after `FAILED_STARTS_MAX`.
 */
export function createSupervisor(options: {
  readonly fork: () => Worker
  readonly clock: () => number
  readonly ended: (worker: Worker, how: string | number) => void
  readonly giveUp: () => void
}): Supervisor {
  const { fork, clock, ended, giveUp } = options
  const timers = new Set<NodeJS.Timeout>()
  const answering = new Set<Worker>()
  let stopped = false
  let failedStarts = 0
  let shortLives = 0

  const start = (): void => {
    if (stopped) return
    const startedAt = clock()
    const worker = fork()
    worker.once('exit', (code, signal) => {
      answering.delete(worker)
      ended(worker, signal ?? code)
      if (stopped) return
      failedStarts += 1
      shortLives = clock() - startedAt < SHORT_LIFE_MS ? shortLives + 1 : 0
      if (failedStarts >= FAILED_STARTS_MAX && answering.size === 0) {
        stopped = true
        giveUp()
        return
      }
      const waitMs = shortLives < 2 ? 0 : Math.min(WAIT_MS * 2 ** shortLives, WAIT_MS_MAX)
      const timer = setTimeout(() => {
        timers.delete(timer)
        start()
      }, waitMs)
      timers.add(timer)
    })
  }

  return {
    start,
    healthy(worker) {
      answering.add(worker)
      failedStarts = 0
    },
    stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
