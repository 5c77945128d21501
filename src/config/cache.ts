import { isCofferError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Clock } from '../core/ports/ambient.ts'
import type {
  Provider,
  ProviderAnswer,
  ProviderRef,
  ProviderValue,
} from '../core/ports/provider.ts'
import { sameness } from './fetch.ts'
import type { CacheOptions } from './options.ts'

/** Answers by reference. Belongs to one provider, and so to one actor. */
export type CacheEntries = Map<string, { readonly value: ProviderValue; readonly at: number }>

const PASSING: readonly ErrorCode[] = ['unavailable', 'throttled', 'timeout']

/**
 * A provider that answers from `entries` while they are fresh, and from a stale one only where the
 * place is unavailable, throttled or too slow. Absence is not kept; any other answer than a value
 * removes what was kept.
 */
export function cached(
  provider: Provider,
  entries: CacheEntries,
  options: CacheOptions,
  clock: Clock,
): Provider {
  const staleMs = options.ttlMs + (options.maxStaleMs ?? 0)
  const ageOf = (ref: ProviderRef) => clock() - (entries.get(sameness(ref))?.at ?? -Infinity)
  const isWithin = (ref: ProviderRef, limitMs: number) => ageOf(ref) >= 0 && ageOf(ref) < limitMs

  function settle(ref: ProviderRef, answer: ProviderAnswer | undefined): ProviderAnswer {
    const key = sameness(ref)
    if (answer === undefined) return { error: undefined }
    if ('error' in answer) {
      const kept = entries.get(key)
      const passing = PASSING.some((code) => isCofferError(answer.error, code))
      if (passing && kept !== undefined && isWithin(ref, staleMs)) return { value: kept.value }
      if (!passing) entries.delete(key)
      return answer
    }
    if (answer.value === undefined) entries.delete(key)
    else entries.set(key, { value: answer.value, at: clock() })
    return answer
  }

  const { kind, batchMax } = provider
  return {
    kind,
    batchMax,
    ...(provider.watch === undefined ? {} : { watch: provider.watch.bind(provider) }),
    ...(provider.where === undefined ? {} : { where: provider.where.bind(provider) }),
    async resolve(refs, signal) {
      const stale = refs.filter((ref) => !isWithin(ref, options.ttlMs))
      const fetched = stale.length === 0 ? [] : await ask(provider, stale, signal)
      const fresh = new Map(stale.map((ref, i) => [sameness(ref), settle(ref, fetched[i])]))
      return refs.map((ref) => {
        const key = sameness(ref)
        return fresh.get(key) ?? { value: entries.get(key)?.value }
      })
    },
  }
}

/** A rejection and the end of the deadline are answers too: a stale value may stand in for them. */
async function ask(
  provider: Provider,
  refs: readonly ProviderRef[],
  signal: AbortSignal,
): Promise<readonly (ProviderAnswer | undefined)[]> {
  const { promise: over, resolve } = Promise.withResolvers<ProviderAnswer[]>()
  const end = () => resolve(refs.map(() => ({ error: signal.reason as unknown })))
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([provider.resolve(refs, signal), over])
  } catch (error) {
    return refs.map(() => ({ error }))
  } finally {
    signal.removeEventListener('abort', end)
  }
}
