import { CofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import { textSecret } from '../../core/secret.ts'
import type { Ambient } from './guard/ambient.ts'
import { guarded } from './guarded.ts'
import type { RemoteService } from './guarded.ts'

/** A place whose answers a test decides; `now` moves by what is slept. */
export function testPlace(dir: string, given: Partial<RemoteService> = {}) {
  const world = { now: 1_800_000_000_000 }
  const ambient: Ambient = {
    now: () => world.now,
    random: () => 0.5,
    sleep: async (ms) => {
      world.now += ms
      await new Promise(setImmediate)
    },
  }
  const state = {
    calls: [] as string[][],
    scope: 'account-1',
    answer: (key: string): ProviderAnswer => value(key),
    thrown: undefined as Error | undefined,
    active: 0,
    mostActive: 0,
  }
  const service: RemoteService = {
    kind: 'fake',
    title: 'The fake',
    batchMax: 20,
    scope: () => state.scope,
    async call(refs) {
      state.calls.push(refs.map(({ key }) => key))
      state.mostActive = Math.max(state.mostActive, ++state.active)
      await new Promise(setImmediate)
      state.active--
      if (state.thrown !== undefined) throw state.thrown
      return refs.map(({ key }) => state.answer(key))
    },
    ...given,
  }
  const env = { COFFER_STATE_DIR: dir }
  return {
    state,
    world,
    dir,
    env,
    /** A new process: nothing but the file is shared with the one before. */
    start: () => guarded(service, { env: { ...env }, options: {} }, ambient),
    /** Another load of the same process. */
    again: () => guarded(service, { env, options: {} }, ambient),
  }
}

export const value = (key: string): ProviderAnswer => ({
  value: { secret: textSecret(key, `of ${key}`) },
})
export const refs = (n: number, from = 0): ProviderRef[] =>
  Array.from({ length: n }, (_, i) => ({ provider: 'fake', key: `k${from + i}` }))
export const fail = (code: ErrorCode, retryAfterMs?: number) =>
  new CofferError(code, 'No.', { details: retryAfterMs === undefined ? {} : { retryAfterMs } })
export const shown = (answers: readonly ProviderAnswer[]) =>
  answers.map((answer) =>
    'error' in answer ? (answer.error as CofferError).code : answer.value?.secret.reveal(),
  )
export const errorOf = (answers: readonly ProviderAnswer[]) =>
  (answers[0] as { error: CofferError }).error
