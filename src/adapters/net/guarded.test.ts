import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import { textSecret } from '../../core/secret.ts'
import type { Ambient } from './guard/ambient.ts'
import { guarded } from './guarded.ts'
import type { RemoteService } from './guarded.ts'

let home: string
let count = 0
beforeAll(() => void (home = mkdtempSync(path.join(tmpdir(), 'coffer-guarded-'))))
afterAll(() => rmSync(home, { recursive: true }))
const freshDir = () => path.join(home, `state-${count++}`)

const { signal } = new AbortController()

/** A place whose answers a test decides; `now` moves by what is slept. */
function place(given: Partial<RemoteService> = {}, dir: string | undefined = freshDir()) {
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

const value = (key: string): ProviderAnswer => ({ value: { secret: textSecret(key, `of ${key}`) } })
const refs = (n: number, from = 0): ProviderRef[] =>
  Array.from({ length: n }, (_, i) => ({ provider: 'fake', key: `k${from + i}` }))
const fail = (code: ErrorCode, retryAfterMs?: number) =>
  new CofferError(code, 'No.', { details: retryAfterMs === undefined ? {} : { retryAfterMs } })
const shown = (answers: readonly ProviderAnswer[]) =>
  answers.map((answer) =>
    'error' in answer ? (answer.error as CofferError).code : answer.value?.secret.reveal(),
  )
const errorOf = (answers: readonly ProviderAnswer[]) => (answers[0] as { error: CofferError }).error

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

test('1,000 starts with a refused token make few calls, and another token is asked with at once', async () => {
  const { state, start, world } = place({ batchMax: 1 })
  state.thrown = fail('unauthenticated')
  for (let i = 0; i < 1_000; i++) {
    expect(shown(await start().resolve(refs(3), signal))[2]).toBe('unauthenticated')
    world.now += 200
  }
  expect(state.calls.length).toBeLessThanOrEqual(20)
  expect(state.calls.length).toBeGreaterThan(1)
  state.scope = 'account-2'
  state.thrown = undefined
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
})

test('while the place is not asked, the error says why, until when, and how to ask at once', async () => {
  const { state, start, dir } = place()
  state.thrown = fail('unauthenticated')
  await start().resolve(refs(1), signal)
  const error = errorOf(await start().resolve(refs(1), signal))
  expect(error.message).toBe(
    'The fake refused this credential a moment ago; it is not asked again before 08:00:02 UTC.',
  )
  const [file = ''] = readdirSync(path.join(dir, 'providers'))
  expect(error.remedy).toContain(path.join(dir, 'providers', file))
  rmSync(path.join(dir, 'providers', file))
  state.thrown = undefined
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
})

test('a place that is back is found again after half a minute at most', async () => {
  const { state, start, world } = place()
  state.thrown = fail('unavailable')
  for (let i = 0; i < 100; i++) {
    await start().resolve(refs(1), signal)
    world.now += 10_000
  }
  state.thrown = undefined
  world.now += 37_000
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
  state.thrown = fail('unavailable')
  world.now += 120_000
  await start().resolve(refs(1), signal)
  state.thrown = undefined
  world.now += 1_300
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
})

test('one reference that is denied or absent closes nothing for the others', async () => {
  const { state, start } = place()
  state.answer = (key) =>
    ({ k0: { error: fail('denied') }, k1: { value: undefined } })[key] ?? value(key)
  const all = ['denied', undefined, 'of k2']
  expect(shown(await start().resolve(refs(3), signal))).toEqual(all)
  expect(shown(await start().resolve(refs(3), signal))).toEqual(all)
  expect(state.calls).toEqual([['k0', 'k1', 'k2'], ['k2']])
})

test('a crash loop for want of one secret asks less and less, and sees it within half a minute', async () => {
  const { state, start, world } = place()
  state.answer = () => ({ value: undefined })
  for (let i = 0; i < 1_000; i++) {
    expect(shown(await start().resolve(refs(1), signal))).toEqual([undefined])
    world.now += 200
  }
  expect(state.calls.length).toBeLessThanOrEqual(20)
  state.answer = value
  world.now += 30_000
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
})

test('a process that runs on asks again each time for what it asked for before', async () => {
  const { state, again } = place()
  state.answer = () => ({ value: undefined })
  expect(shown(await again().resolve(refs(1), signal))).toEqual([undefined])
  state.answer = value
  expect(shown(await again().resolve(refs(1), signal))).toEqual(['of k0'])
})

test('at most so many absences are remembered', async () => {
  const { state, start, dir } = place()
  state.answer = () => ({ value: undefined })
  await start().resolve(refs(LIMITS.rememberedAbsencesMax + 1), signal)
  const file = path.join(dir, 'providers', readdirSync(path.join(dir, 'providers'))[0] ?? '')
  const { absences } = JSON.parse(readFileSync(file, 'utf8')) as { absences: object }
  expect(Object.keys(absences)).toHaveLength(LIMITS.rememberedAbsencesMax)
  expect(statSync(file).size).toBeLessThan(LIMITS.stateFileBytesMax)
})

test('the file is private, holds no name, and a damaged or hostile one is as none', async () => {
  const { state, start, dir } = place()
  await start().resolve([{ provider: 'fake', key: 'shop/prod/db-password' }], signal)
  const folder = path.join(dir, 'providers')
  const [name = ''] = readdirSync(folder)
  const file = path.join(folder, name)
  expect(readdirSync(folder)).toHaveLength(1)
  expect(name).toMatch(/^fake-[0-9a-f]{32}\.json$/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(readFileSync(file, 'utf8')).not.toMatch(/shop|account|password/)
  const open = { phase: 'open', at: 0, until: 9e15, failures: 1, code: 'denied' }
  const bad = [
    '',
    '{',
    'null',
    '[]',
    '{"v":2}',
    JSON.stringify({ v: 1, breaker: { ...open, code: 'constructor' }, absences: { a: 1 } }),
    JSON.stringify({ v: 1, breaker: open, absences: [] }),
    ' '.repeat(LIMITS.stateFileBytesMax + 1),
  ]
  for (const text of bad) {
    writeFileSync(file, text)
    state.calls.length = 0
    expect(shown(await start().resolve(refs(1), signal)), text.slice(0, 60)).toEqual(['of k0'])
  }
})

test('where nothing can be written, one process still remembers', async () => {
  const blocked = path.join(home, 'a-file')
  writeFileSync(blocked, '')
  for (const dir of [path.join(blocked, 'below'), '']) {
    const { state, again, start } = place({}, dir)
    state.thrown = fail('unauthenticated')
    await again().resolve(refs(1), signal)
    const error = errorOf(await again().resolve(refs(1), signal))
    expect(state.calls).toHaveLength(1)
    expect(error.message).toContain('not asked again before')
    expect(error.remedy).not.toContain('delete')
    await start().resolve(refs(1), signal)
    expect(state.calls).toHaveLength(2)
  }
})

test('20 processes that start at once let one ask first', async () => {
  const { state, start } = place()
  state.thrown = fail('unauthenticated')
  await Promise.all(Array.from({ length: 20 }, () => start().resolve(refs(1), signal)))
  expect(state.calls.length).toBe(1)
})

test('a process that died while it asked first holds up the next one for 3 s', async () => {
  const dir = freshDir()
  const dying = place({ call: () => new Promise(() => {}) }, dir)
  const never = dying.start().resolve(refs(1), signal)
  await vi.waitFor(() => expect(readdirSync(path.join(dir, 'providers'))).toHaveLength(1))
  const { start, world } = place({}, dir)
  const before = world.now
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
  expect(world.now - before).toBeGreaterThanOrEqual(3_000)
  expect(world.now - before).toBeLessThan(3_100)
  expect(shown(await Promise.race([never, Promise.resolve([])]))).toEqual([])
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
