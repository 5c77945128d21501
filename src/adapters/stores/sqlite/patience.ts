import { isCofferError } from '../../../core/errors.ts'

/** How long to wait for other processes, and by which clock. Milliseconds. */
export interface Patience {
  readonly timeoutMs: number
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}

const POLL_MS_MAX = 4
/** Longer than the longest pause between two polls of a waiter, so that it gets its turn. */
const GAP_MS = POLL_MS_MAX + 2
const CONTENTION_REMEMBERED_MS = 1_000
const UNINTERRUPTED_MS_MAX = 500

/**
 * Repeats `attempt` while it throws `store_busy`, without blocking the event loop. Who has waited
 * long asks more often, so the oldest is the likeliest next.
 *
 * @throws `store_busy` after `patience.timeoutMs`, and whatever else `attempt` throws
 */
export async function whenFree<T>(attempt: () => T, patience: Patience): Promise<T> {
  let started: number | undefined
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isCofferError(error, 'store_busy')) throw error
      started ??= patience.now()
      const waitedMs = patience.now() - started
      if (waitedMs >= patience.timeoutMs) throw error
      const isOld = waitedMs > patience.timeoutMs / 10
      await patience.sleep(isOld ? 1 : 1 + Math.random() * (POLL_MS_MAX - 1))
    }
  }
}

/** Runs one piece of work at a time, in the order of asking. Not re-entrant. */
export class Turns {
  #last: Promise<void> = Promise.resolve()

  async take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    await before
    try {
      return await work()
    } finally {
      resolve()
    }
  }
}

/**
 * SQLite's lock has no queue: a process that writes without pause would starve all others. So one
 * that lately had to wait, or that has written without pause for long, leaves a gap before its next
 * transaction. A lone writer pays nothing for it.
 */
export class Manners {
  readonly #patience: Patience
  #contendedAt = -Infinity
  #endedAt = -Infinity
  #pausedAt = -Infinity

  constructor(patience: Patience) {
    this.#patience = patience
  }

  /** Takes the lock by `begin`. @throws as `whenFree` */
  async enter(begin: () => void): Promise<void> {
    const { now, sleep } = this.#patience
    const at = now()
    if (at - this.#endedAt >= GAP_MS) this.#pausedAt = at
    const contended = at - this.#contendedAt < CONTENTION_REMEMBERED_MS
    if (this.#pausedAt !== at && (contended || at - this.#pausedAt > UNINTERRUPTED_MS_MAX)) {
      await sleep(GAP_MS)
      this.#pausedAt = now()
    }
    let attempts = 0
    await whenFree(() => {
      attempts += 1
      begin()
    }, this.#patience)
    if (attempts > 1) this.#contendedAt = now()
  }

  leave(): void {
    this.#endedAt = this.#patience.now()
  }
}
