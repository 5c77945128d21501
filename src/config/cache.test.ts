import { expect, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Provider } from '../core/ports/provider.ts'
import { textSecret } from '../core/secret.ts'
import { defineConfig, secretRef } from './index.ts'

/** A place whose answer is set by the test, behind a clock that is too. */
function place() {
  const state = {
    now: 1_000,
    calls: 0,
    answer: 'one' as string | ErrorCode | undefined,
    hang: false,
  }
  const provider: Provider = {
    kind: 'p',
    batchMax: 10,
    async resolve(refs) {
      state.calls += refs.length
      if (state.hang) return new Promise(() => {})
      const { answer } = state
      return refs.map(() => {
        if (answer === undefined) return { value: undefined }
        if (answer.includes('_') || CODES.includes(answer)) {
          return { error: new CofferError(answer as ErrorCode, 'No.') }
        }
        return { value: { secret: textSecret('x', answer) } }
      })
    },
  }
  const config = defineConfig({ a: secretRef('p:x').optional() })
  const load = async (cache?: { ttlMs: number; maxStaleMs?: number }) => {
    const options = { providers: { p: provider }, cache, clock: () => state.now, timeoutMs: 50 }
    const loaded = await config.load(options).catch((error: CofferError) => error)
    return loaded instanceof CofferError ? loaded.code : loaded.a?.reveal()
  }
  return { state, load }
}
const CODES = ['unavailable', 'throttled', 'timeout', 'denied', 'corrupt']
const CACHE = { ttlMs: 100, maxStaleMs: 1_000 }

test('without a cache every load asks', async () => {
  const { state, load } = place()
  await load()
  state.answer = 'two'
  expect(await load()).toBe('two')
  expect(state.calls).toBe(2)
})

test('a fresh answer is used again, to the millisecond', async () => {
  const { state, load } = place()
  await load(CACHE)
  state.answer = 'two'
  state.now += 99
  expect(await load(CACHE)).toBe('one')
  expect(state.calls).toBe(1)
  state.now += 1
  expect(await load(CACHE)).toBe('two')
})

test.each(['unavailable', 'throttled', 'timeout'])('%s: a stale answer stands in', async (code) => {
  const { state, load } = place()
  await load(CACHE)
  state.answer = code
  state.now += 1_099
  expect(await load(CACHE)).toBe('one')
  state.now += 1
  expect(await load(CACHE)).toBe('invalid_config')
})

test('a place that hangs is too slow, and a stale answer stands in', async () => {
  const { state, load } = place()
  await load(CACHE)
  state.hang = true
  state.now += 500
  expect(await load(CACHE)).toBe('one')
})

test.each(['denied', 'corrupt', undefined])('%s: no stale answer, now or later', async (answer) => {
  const { state, load } = place()
  await load(CACHE)
  state.answer = answer
  state.now += 200
  expect(await load(CACHE)).toBe(answer === undefined ? undefined : 'invalid_config')
  state.answer = 'unavailable'
  expect(await load(CACHE)).toBe('invalid_config')
})

test('absence is not kept', async () => {
  const { state, load } = place()
  state.answer = undefined
  expect(await load(CACHE)).toBeUndefined()
  state.answer = 'now there'
  expect(await load(CACHE)).toBe('now there')
})

test('a clock that goes backwards makes nothing fresh', async () => {
  const { state, load } = place()
  await load(CACHE)
  state.answer = 'two'
  state.now -= 10_000
  expect(await load(CACHE)).toBe('two')
})

test('one provider never answers from the memory of another', async () => {
  const [mine, theirs] = [place(), place()]
  const config = defineConfig({ a: secretRef('p:x') })
  const answer = (text: string): Provider => ({
    kind: 'p',
    batchMax: 1,
    resolve: async () => [{ value: { secret: textSecret('x', text) } }],
  })
  const load = (text: string) => config.load({ providers: { p: answer(text) }, cache: CACHE })
  expect((await load('mine')).a.reveal()).toBe('mine')
  expect((await load('theirs')).a.reveal()).toBe('theirs')
  expect(mine.state.calls + theirs.state.calls).toBe(0)
})

test('a cache without sense is refused', async () => {
  expect(await place().load({ ttlMs: -1 })).toBe('invalid_config')
  expect(await place().load({ ttlMs: Number.NaN })).toBe('invalid_config')
})
