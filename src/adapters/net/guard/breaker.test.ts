import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import { guarded } from '../guarded.ts'
import type { RemoteService } from '../guarded.ts'
import { errorOf, fail, refs, shown, testPlace, value } from '../test-place.ts'

let home: string
let count = 0
beforeAll(() => void (home = mkdtempSync(path.join(tmpdir(), 'coffer-guarded-'))))
afterAll(() => rmSync(home, { recursive: true }))
const freshDir = () => path.join(home, `state-${count++}`)
const place = (given: Partial<RemoteService> = {}, dir = freshDir()) => testPlace(dir, given)

const { signal } = new AbortController()

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

test('two failures are forgiven, the third is remembered: why, until when, and how to ask at once', async () => {
  const { state, start, dir, world } = place()
  state.thrown = fail('unauthenticated')
  for (let i = 0; i < 3; i++) {
    expect(errorOf(await start().resolve(refs(1), signal))).toBe(state.thrown)
    world.now += 10
  }
  const error = errorOf(await start().resolve(refs(1), signal))
  expect(state.calls).toHaveLength(3)
  expect(error.message).toBe(
    'The fake refused this credential a moment ago; it is not asked again before 08:00:02 UTC.',
  )
  const [file = ''] = readdirSync(path.join(dir, 'providers'))
  expect(error.remedy).toContain(path.join(dir, 'providers', file))
  rmSync(path.join(dir, 'providers', file))
  state.thrown = undefined
  expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
})

test('whoever mends it after a first or second failure is answered at once', async () => {
  for (const failures of [1, 2]) {
    const { state, start } = place()
    for (const code of ['unavailable', 'denied'] as const) {
      state.thrown = fail(code)
      for (let i = 0; i < failures; i++) await start().resolve(refs(2), signal)
      state.thrown = undefined
      expect(shown(await start().resolve(refs(1), signal))).toEqual(['of k0'])
    }
  }
})

test('what waits for its turn while the place fails is told the same, and not asked for', async () => {
  const { state, start } = place({ batchMax: 1 })
  state.thrown = fail('unauthenticated')
  const answers = await start().resolve(refs(40), signal)
  expect(state.calls).toHaveLength(1)
  expect(answers.every((answer) => 'error' in answer && answer.error === state.thrown)).toBe(true)
})

test('what is refused for another reason is refused as that, and one that all are is of the account', async () => {
  const { state, start } = place()
  state.thrown = fail('corrupt')
  for (let i = 0; i < 3; i++) await start().resolve(refs(1), signal)
  const error = errorOf(await start().resolve(refs(1), signal))
  expect(error.code).toBe('corrupt')
  expect(error.message).toContain('The fake answered corrupt a moment ago; it is not asked again')
  const other = place()
  other.state.answer = () => ({ error: fail('unauthenticated') })
  for (let i = 0; i < 5; i++) await other.start().resolve(refs(3), signal)
  expect(other.state.calls).toHaveLength(3)
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
  for (let i = 0; i < 4; i++) expect(shown(await start().resolve(refs(3), signal))).toEqual(all)
  expect(state.calls.map((call) => call.length)).toEqual([3, 3, 3, 1])
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
    for (let i = 0; i < 3; i++) await again().resolve(refs(1), signal)
    const error = errorOf(await again().resolve(refs(1), signal))
    expect(state.calls).toHaveLength(3)
    expect(error.message).toContain('not asked again before')
    expect(error.remedy).not.toContain('delete')
    await start().resolve(refs(1), signal)
    expect(state.calls).toHaveLength(4)
  }
})

test('20 processes that start at once ask one after the other, three times in all', async () => {
  const { state, start } = place()
  state.thrown = fail('unauthenticated')
  await Promise.all(Array.from({ length: 20 }, () => start().resolve(refs(1), signal)))
  expect(state.calls.length).toBe(3)
})

test('whoever waits for another process may give up, for any reason', async () => {
  const dir = freshDir()
  const hanging = place({ call: () => new Promise(() => {}) }, dir)
  const never = new AbortController()
  const first = hanging.start().resolve(refs(1), never.signal)
  await vi.waitFor(() => expect(readdirSync(path.join(dir, 'providers'))).toHaveLength(1))
  const { state, env } = place({}, dir)
  const call = async () => (state.calls.push([]), [])
  const service = { kind: 'fake', batchMax: 1, scope: () => 'account-1', call }
  const world = {
    now: () => 1_800_000_000_000,
    random: () => 0,
    sleep: async () => void (await new Promise(setImmediate)),
  }
  const impatient = new AbortController()
  setTimeout(() => impatient.abort(new Error('enough')), 20)
  const second = guarded(service, { env, options: {} }, world).resolve(refs(1), impatient.signal)
  expect(await second).toMatchObject([{ error: { message: 'enough' } }])
  expect(state.calls).toEqual([])
  never.abort(new Error('enough'))
  await first
})

test('who must not have old values asks for what was absent, however often', async () => {
  const { state, env } = place()
  state.answer = () => ({ value: undefined })
  const call = async () => (state.calls.push([]), [{ value: undefined }])
  const service = { kind: 'fake', batchMax: 1, scope: () => 's', call }
  for (let i = 0; i < 6; i++) {
    const context = { env: { ...env }, options: {}, onOffline: false } as const
    await guarded(service, context).resolve(refs(1), signal)
  }
  expect(state.calls).toHaveLength(6)
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
