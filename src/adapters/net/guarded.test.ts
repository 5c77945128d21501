import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ErrorCode } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { RemoteService } from './guarded.ts'
import { errorOf, fail, refs, shown, testPlace, value } from './test-place.ts'

let home: string
let count = 0
beforeAll(() => void (home = mkdtempSync(path.join(tmpdir(), 'coffer-guarded-'))))
afterAll(() => rmSync(home, { recursive: true }))
const freshDir = () => path.join(home, `state-${count++}`)
const place = (given: Partial<RemoteService> = {}, dir = freshDir()) => testPlace(dir, given)

const { signal } = new AbortController()

test('200 references take 8 rounds one by one, and 2 in batches of 20', async () => {
  const single = place({ batchMax: 1 })
  const answers = await single.start().resolve(refs(200), signal)
  expect(shown(answers)).toEqual(refs(200).map(({ key }) => `of ${key}`))
  expect(single.state.calls).toHaveLength(200)
  expect(single.state.mostActive).toBe(LIMITS.providerCallsMax)
  const few = place({ batchMax: 1, callsMax: 3 })
  await few.start().resolve(refs(10), signal)
  expect(few.state.mostActive).toBe(3)
  const batching = place()
  await batching.start().resolve(refs(200), signal)
  expect(batching.state.calls.map((call) => call.length)).toEqual(Array(10).fill(20))
  expect(batching.state.mostActive).toBe(9)
})

test('until the place has answered, one call is under way', async () => {
  const { state, start } = place({ batchMax: 1 })
  state.thrown = fail('unauthenticated')
  const answers = await start().resolve(refs(200), signal)
  expect(state.calls).toHaveLength(1)
  expect(new Set(shown(answers))).toEqual(new Set(['unauthenticated']))
})

test('who asks for the same at once waits for the same call, also in another load', async () => {
  const { state, again } = place()
  const provider = again()
  const all = await Promise.all([
    provider.resolve(refs(5), signal),
    provider.resolve(refs(5), signal),
    again().resolve(refs(7), signal),
    provider.resolve([...refs(2), ...refs(2)], signal),
  ])
  expect(state.calls.flat().toSorted()).toEqual(refs(7).map(({ key }) => key))
  expect(shown(all[3])).toEqual(['of k0', 'of k1', 'of k0', 'of k1'])
  await provider.resolve(refs(1), signal)
  expect(state.calls.flat().filter((key) => key === 'k0')).toHaveLength(2)
})

test('one who gives up does not end the call of another; once all did, it is ended', async () => {
  let over: AbortSignal | undefined
  const release = Promise.withResolvers<void>()
  const { again } = place({
    async call(asked, inner) {
      over = inner
      await release.promise
      return asked.map(({ key }) => value(key))
    },
  })
  const impatient = new AbortController()
  const first = again().resolve(refs(1), impatient.signal)
  const second = again().resolve(refs(1), signal)
  await new Promise((resolve) => setTimeout(resolve, 20))
  impatient.abort(fail('cancelled'))
  expect(shown(await first)).toEqual(['cancelled'])
  expect(over?.aborted).toBe(false)
  release.resolve()
  expect(shown(await second)).toEqual(['of k0'])

  const hanging = place({ call: (_, inner) => ((over = inner), new Promise(() => {})) })
  const alone = new AbortController()
  const third = hanging.start().resolve(refs(1), alone.signal)
  await new Promise((resolve) => setTimeout(resolve, 20))
  alone.abort(fail('timeout'))
  expect(shown(await third)).toEqual(['timeout'])
  expect(over?.aborted).toBe(true)
})

test('what is throttled or unreachable is asked for again, at most twice; what is refused is not', async () => {
  const codes: [ErrorCode, number][] = [
    ['throttled', 1 + LIMITS.providerRetriesMax],
    ['unavailable', 3],
    ['timeout', 3],
    ['unauthenticated', 1],
    ['denied', 1],
    ['corrupt', 1],
    ['missing_dependency', 1],
  ]
  for (const [code, calls] of codes) {
    const { state, start } = place()
    state.thrown = fail(code)
    expect(shown(await start().resolve(refs(1), signal))).toEqual([code])
    expect(state.calls, code).toHaveLength(calls)
  }
})

test('only the references of a batch that failed are asked for again', async () => {
  const { state, start } = place()
  let times = 0
  state.answer = (key) =>
    key === 'k3' && times++ === 0 ? { error: fail('throttled') } : value(key)
  expect(shown(await start().resolve(refs(5), signal))).toEqual(refs(5).map((r) => `of ${r.key}`))
  expect(state.calls).toEqual([['k0', 'k1', 'k2', 'k3', 'k4'], ['k3']])
})

test('it waits as long as it is told to, and gives up when that is long', async () => {
  const patient = place()
  patient.state.thrown = fail('throttled', 1_500)
  const before = patient.world.now
  await patient.start().resolve(refs(1), signal)
  expect(patient.world.now - before).toBeGreaterThanOrEqual(3_000)
  const long = place()
  long.state.thrown = fail('throttled', 60_000)
  const error = errorOf(await long.start().resolve(refs(1), signal))
  expect(long.state.calls).toHaveLength(1)
  expect(error.code).toBe('throttled')
  const next = errorOf(await long.start().resolve(refs(1), signal))
  expect(long.state.calls).toHaveLength(1)
  expect(next.details.retryAfterMs).toBe(60_000)
})

test('retries stay about a fifth of the calls, whatever fails', async () => {
  const { state, again } = place({ batchMax: 1 })
  let n = 0
  state.answer = (key) => (n++ % 2 === 0 ? value(key) : { error: fail('unavailable') })
  for (let load = 0; load < 20; load++) await again().resolve(refs(50, load * 50), signal)
  expect(state.calls.length).toBeGreaterThan(1_000)
  expect(state.calls.length).toBeLessThanOrEqual(1_000 * 1.2 + 2)
})

test('a call that does not answer is ended, and a service that ignores its end is not waited for', async () => {
  const { start } = place({ timeoutMs: 30, call: () => new Promise(() => {}) })
  const error = errorOf(await start().resolve(refs(2), signal))
  expect(error).toMatchObject({ code: 'timeout', message: 'It did not answer within 30 ms.' })
  expect(LIMITS.providerCallTimeoutMs).toBeLessThan(LIMITS.configTimeoutMs)
})

test('without a scope nothing is asked and nothing remembered', async () => {
  const { start, state, dir } = place({
    scope: () => Promise.reject(fail('unauthenticated')),
  })
  expect(shown(await start().resolve(refs(2), signal))).toEqual([
    'unauthenticated',
    'unauthenticated',
  ])
  expect(state.calls).toHaveLength(0)
  expect(() => statSync(dir)).toThrow('ENOENT')
})

test('an error that is no answer of the place says nothing of it', async () => {
  const { start, state } = place()
  for (const thrown of [new TypeError('a bug'), fail('cancelled'), fail('invalid_reference')]) {
    state.thrown = thrown
    expect(errorOf(await start().resolve(refs(1), signal))).toBe(thrown)
  }
  state.thrown = undefined
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
})

test('who closes cuts no call that answers for another load', async () => {
  const call = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  let closed = 0
  const { again, state } = place({
    call: async (asked) => {
      begun.resolve()
      await call.promise
      return asked.map(({ key }) => state.answer(key))
    },
    close: async () => void closed++,
  })
  const gaveUp = new AbortController()
  const [first, second] = [again(), again()]
  const asking = [first.resolve(refs(1), gaveUp.signal), second.resolve(refs(1), signal)]
  await begun.promise
  // The other asks for the same, and waits for that call.
  await new Promise((resolve) => setTimeout(resolve, 50))
  gaveUp.abort(fail('cancelled'))
  expect(shown(await asking[0]!)).toEqual(['cancelled'])
  await first.close?.()
  expect(closed).toBe(0)
  call.resolve()
  expect(shown(await asking[1]!)).toEqual(['of k0'])
  await expect.poll(() => closed).toBe(1)
  await second.close?.()
  expect(closed).toBe(2)
})
