import type { Clock } from '../../core/ports/ambient.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Lease } from './buckets.ts'
import { LEASE_MS } from './buckets.ts'
import type { Authority } from './guard.ts'
import type { LimitName, Rates } from './rates.ts'
import type { Refusal } from './refusals.ts'

/** How a worker asks the primary, who knows. */
export interface AuthorityChannel {
  lease(name: LimitName, key: string, want: number): Promise<Lease>
  lockedMs(login: string): Promise<number>
  loginEnded(login: string, good: boolean): void
  refused(counts: readonly { readonly refusal: Refusal; readonly times: number }[]): void
}

interface Held {
  tokens: number
  until: number
  /** There were none: it is not asked again before. */
  refusedUntil: number
  /** How many wait for the question that is asked next. */
  want: number
  asking: Promise<void> | undefined
}

/** Limits in a worker: without a wait while it holds a lease, and in all never more than they say. */
export function createLeasedAuthority(
  channel: AuthorityChannel,
  options: { readonly rates: Rates; readonly clock: Clock },
): Authority & { stop(): void } {
  const { rates, clock } = options
  const byName = new Map<LimitName, Map<string, Held>>()
  const refusals = createBatch(channel)

  const heldOf = (name: LimitName, key: string): Held => {
    let byKey = byName.get(name)
    if (byKey === undefined) byName.set(name, (byKey = new Map()))
    let held = byKey.get(key)
    if (held === undefined) {
      // What is dropped is lost for its moment, which errs on the side of the limit.
      if (byKey.size >= LIMITS.guardKeysMax) byKey.delete(byKey.keys().next().value as string)
      held = { tokens: 0, until: 0, refusedUntil: 0, want: 0, asking: undefined }
      byKey.set(key, held)
    }
    return held
  }
  /** 0 when a token was taken, the wait when there is none, undefined when it must be asked for. */
  const takeHeld = (held: Held): number | undefined => {
    const now = clock()
    if (held.tokens >= 1 && held.until > now) {
      held.tokens -= 1
      return 0
    }
    return held.refusedUntil > now ? Math.ceil(held.refusedUntil - now) : undefined
  }
  const ask = async (name: LimitName, key: string, held: Held): Promise<void> => {
    // Those who come in the same turn share one question.
    await Promise.resolve()
    const { want } = held
    held.want = 0
    // Counted from before the question: it ends here before it ends at the primary.
    const askedAt = clock()
    const { tokens, waitMs } = await channel.lease(name, key, want)
    held.tokens = tokens
    held.until = askedAt + LEASE_MS
    held.refusedUntil = tokens === 0 ? clock() + waitMs : 0
  }
  const takeLater = async (name: LimitName, key: string, held: Held): Promise<number> => {
    for (let times = 0; times < QUESTIONS_MAX; times++) {
      held.want += 1
      held.asking ??= ask(name, key, held).finally(() => (held.asking = undefined))
      await held.asking
      const taken = takeHeld(held)
      if (taken !== undefined) return taken
    }
    return LEASE_MS
  }

  return {
    take(name, key) {
      if (rates[name] === undefined) return 0
      const held = heldOf(name, key)
      return takeHeld(held) ?? takeLater(name, key, held)
    },
    lockedMs: (login) => channel.lockedMs(login),
    loginEnded: (login, good) => channel.loginEnded(login, good),
    refused: (refusal) => refusals.count(refusal),
    stop: () => refusals.stop(),
  }
}

/** Who comes while a question is under way may have to ask again, and again while others come. */
const QUESTIONS_MAX = 8
const BATCH_MS = 100

/** A flood of refusals costs one message for each tenth of a second. */
function createBatch(channel: AuthorityChannel) {
  let counts = new Map<string, { readonly refusal: Refusal; times: number }>()
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    timer = undefined
    const ended = [...counts.values()]
    counts = new Map()
    if (ended.length > 0) channel.refused(ended)
  }
  const others: Refusal = { address: '', via: 'any', code: 'unauthenticated' }
  return {
    count(refusal: Refusal) {
      const counted = counts.size < LIMITS.refusalKeysMax ? refusal : others
      const key = `${counted.via} ${counted.code} ${counted.address}`
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { refusal: counted, times: 1 })
      else known.times += 1
      timer ??= setTimeout(flush, BATCH_MS)
    },
    stop() {
      clearTimeout(timer)
      flush()
    },
  }
}
