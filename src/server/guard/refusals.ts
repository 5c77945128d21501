import { isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { PlatformEvent } from '../../core/ports/platform.ts'

/** What strangers tried, counted into audit events. */
export interface Refusals {
  count(refusal: Refusal, times?: number): void
  /** Writes what is counted, if it can be written. */
  flush(): Promise<void>
  stop(): Promise<void>
}

export interface Refusal {
  /** As limits are kept by. */
  readonly address: string
  readonly via: string
  readonly code: string
}

/**
 * The first of each address, way in and code leaves an event at once, the others of the next
 * `refusalsEveryMs` one together. Of more than `refusalKeysMax` in that time only the sum is kept.
 * While nothing can be written, as in a sealed store, counts wait.
 */
export function createRefusals(
  record: (events: readonly PlatformEvent[]) => Promise<void>,
): Refusals {
  let counts = new Map<string, { readonly refusal: Refusal; times: number }>()
  let beyond = 0
  let fresh: PlatformEvent[] = []
  let waiting: PlatformEvent[] = []
  let soon: NodeJS.Immediate | undefined
  let writing: Promise<void> = Promise.resolve()

  const write = (events: readonly PlatformEvent[]): Promise<void> => {
    waiting.push(...events)
    writing = writing.then(async () => {
      const batch = waiting.splice(0)
      if (batch.length === 0) return
      try {
        await record(batch)
      } catch (error) {
        if (!isCofferError(error)) throw error
        waiting = [...batch, ...waiting].slice(-2 * LIMITS.refusalKeysMax)
      }
    })
    return writing
  }
  const writeFresh = () => {
    soon = undefined
    void write(fresh.splice(0)).catch(() => {})
  }
  const flush = (): Promise<void> => {
    const ended = counts
    counts = new Map()
    const events = [...ended.values()]
      .filter(({ times }) => times > 0)
      .map(({ refusal, times }) => eventOf(refusal, `${times} more within ${SECONDS} s`))
    if (beyond > 0) events.push(eventOf(OTHERS, `${beyond} more from other addresses`))
    beyond = 0
    return write([...fresh.splice(0), ...events])
  }
  const timer = setInterval(() => void flush().catch(() => {}), LIMITS.refusalsEveryMs).unref()

  return {
    count(refusal, times = 1) {
      const key = `${refusal.via} ${refusal.code} ${refusal.address}`
      const known = counts.get(key)
      if (known !== undefined) {
        known.times += times
        return
      }
      if (counts.size >= LIMITS.refusalKeysMax) {
        beyond += times
        return
      }
      counts.set(key, { refusal, times: times - 1 })
      fresh.push(eventOf(refusal, 'the first of its kind'))
      soon ??= setImmediate(writeFresh)
    },
    flush,
    async stop() {
      clearInterval(timer)
      if (soon !== undefined) clearImmediate(soon)
      await flush()
    },
  }
}

const SECONDS = LIMITS.refusalsEveryMs / 1_000

const OTHERS: Refusal = { address: '', via: 'any', code: 'unauthenticated' }

const eventOf = ({ address, via, code }: Refusal, reason: string): PlatformEvent => ({
  action: 'authenticate',
  outcome: 'denied',
  resource: 'store:credentials',
  code,
  reason,
  via,
  ...(address === '' ? {} : { address }),
})
