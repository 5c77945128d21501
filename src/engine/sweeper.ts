import { LIMITS } from '../core/limits.ts'
import type { EngineContext, Origin } from './context.ts'

/** The sweeper looks for its lease this often; another process takes over after two misses. */
const TICK_MS = 60_000

/**
 * Sweeps every `everyMs`, and removes credentials that ended at least every hour, as long as this
 * process holds the store's lease; one process of many does it. Timers do not keep the process alive. Returns a stop that waits for a sweep under way.
 */
export function startSweeping(
  context: EngineContext,
  origin: Origin,
  everyMs: number = LIMITS.sweepEveryMs,
): () => Promise<void> {
  const holder = Buffer.from(context.random(16)).toString('hex')
  let working: Promise<unknown> = Promise.resolve()
  let busy = false

  const tick = async () => {
    const now = context.clock()
    if (!(await context.store.lease('sweeper', holder, now, 2 * TICK_MS))) return
    // Held until the next is due, by a holder that nobody can be again: not renewable.
    const once = Buffer.from(context.random(16)).toString('hex')
    if (await context.store.lease('tidied', once, now, Math.min(everyMs, LIMITS.tidyEveryMs))) {
      await (await import('./identities/tidy.ts')).tidy(context)
    }
    if (!(await context.store.lease('swept', once, now, everyMs))) return
    try {
      await (await import('./sweep.ts')).sweep(context, origin)
    } catch (error) {
      await context.store.lease('swept', once, now, TICK_MS)
      throw error
    }
  }
  const timer = setInterval(
    () => {
      if (busy) return
      busy = true
      // A failed pass has left its own audit event, and the next tick tries again.
      working = tick()
        .catch(() => {})
        .finally(() => {
          busy = false
        })
    },
    Math.min(TICK_MS, everyMs),
  ).unref()

  return async () => {
    clearInterval(timer)
    await working
  }
}
