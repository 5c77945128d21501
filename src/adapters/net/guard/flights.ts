import type { ProviderAnswer, ProviderRef } from '../../../core/ports/provider.ts'

/** Asks for a batch; answers in order and never rejects. */
export type AskBatch = (
  refs: readonly ProviderRef[],
  keys: readonly string[],
  signal: AbortSignal,
) => Promise<readonly ProviderAnswer[]>

/**
 * References that are being asked for, by key: who wants one of them as well waits for the same
 * call. A call is given up once nobody waits for any of its references.
 */
export interface Flights {
  /** Answers in order, and never rejects; with the signal's reason for what it cut short. */
  ask(
    refs: readonly ProviderRef[],
    keys: readonly string[],
    batchMax: number,
    call: AskBatch,
    signal: AbortSignal,
  ): Promise<ProviderAnswer[]>
}

interface Flight {
  readonly answer: Promise<ProviderAnswer>
  readonly batch: { waiting: number; readonly controller: AbortController }
}

export function flightsOf(): Flights {
  const flying = new Map<string, Flight>()

  function start(
    refs: readonly ProviderRef[],
    keys: readonly string[],
    call: AskBatch,
  ): readonly Flight[] {
    const batch = { waiting: 0, controller: new AbortController() }
    const answers = call(refs, keys, batch.controller.signal).finally(() => {
      for (const [i, key] of keys.entries()) {
        if (flying.get(key) === flights[i]) flying.delete(key)
      }
    })
    const flights = keys.map((_, i) => ({
      batch,
      answer: answers.then((all) => all[i] ?? { error: undefined }),
    }))
    for (const [i, key] of keys.entries()) flying.set(key, flights[i]!)
    return flights
  }

  return {
    async ask(refs, keys, batchMax, call, signal) {
      const fresh = refs.map((_, i) => i).filter((i) => !isJoinable(flying.get(keys[i]!)))
      for (let from = 0; from < fresh.length; from += batchMax) {
        const batch = fresh.slice(from, from + batchMax)
        start(
          batch.map((i) => refs[i]!),
          batch.map((i) => keys[i]!),
          call,
        )
      }
      const mine = keys.map((key) => flying.get(key)!)
      for (const { batch } of mine) batch.waiting++
      const { promise: over, resolve } = Promise.withResolvers<void>()
      const end = () => resolve()
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      const cut = over.then((): ProviderAnswer => ({ error: signal.reason as unknown }))
      const answers = await Promise.all(mine.map(({ answer }) => Promise.race([answer, cut])))
      signal.removeEventListener('abort', end)
      for (const { batch } of mine) {
        batch.waiting--
        if (batch.waiting === 0) batch.controller.abort(signal.reason)
      }
      return answers
    },
  }
}

const isJoinable = (flight: Flight | undefined): boolean =>
  flight !== undefined && !flight.batch.controller.signal.aborted
