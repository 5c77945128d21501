import { afterAll, expect, test } from 'vitest'
import { bench } from '../test-world.ts'

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run } = store
const value = async (path: string) => (await run(['get', path])).out

test('rollback moves current and makes no version', async () => {
  for (const input of ['one', 'two', 'three']) await run(['set', 'r/a'], { input })
  expect((await run(['rollback', 'r/a', '--to', '1'])).code).toBe(0)
  expect(await value('r/a')).toBe('one')
  await run(['rollback', 'r/a'])
  expect(await value('r/a')).toBe('three')
  const history = (await run(['history', 'r/a', '--json'])).json<{ versions: unknown[] }>()
  expect(history.versions).toHaveLength(3)
  expect((await run(['history', 'r/a'])).out).toMatch(/v3 +live +current/)
})

test('labels move and come off', async () => {
  await run(['set', 'r/label'], { input: 'one' })
  await run(['label', 'r/label', 'canary', '--to', '1'])
  expect((await run(['get', 'r/label', '--label', 'canary'])).out).toBe('one')
  await run(['label', 'r/label', 'canary', '--remove'])
  expect((await run(['get', 'r/label', '--label', 'canary'])).code).toBe(66)
  expect((await run(['label', 'r/label', 'canary'])).code).toBe(64)
})

test('a disabled version is refused until it is enabled', async () => {
  await run(['set', 'r/off'], { input: 'x' })
  await run(['disable', 'r/off'])
  expect((await run(['get', 'r/off'])).code).toBe(77)
  await run(['enable', 'r/off'])
  expect(await value('r/off')).toBe('x')
})

test('deleted comes back; destroyed does not, and is asked about', async () => {
  await run(['set', 'r/gone'], { input: 'x' })
  await run(['set', 'r/gone'], { input: 'y' })
  await run(['delete', 'r/gone'])
  expect((await run(['get', 'r/gone'])).err).toContain('code: deleted')
  await run(['undelete', 'r/gone'])
  expect(await value('r/gone')).toBe('y')
  expect((await run(['destroy', 'r/gone', '--version', '1'])).code).toBe(64)
  const no = await run(['destroy', 'r/gone', '--version', '1'], { tty: true, answers: ['no'] })
  expect(no.err).toContain('code: cancelled')
  await run(['destroy', 'r/gone', '--version', '1'], { tty: true, answers: ['yes'] })
  expect((await run(['get', 'r/gone', '--version', '1'])).err).toContain('code: destroyed')
  await run(['destroy', 'r/gone', '--all', '--yes'])
  expect((await run(['show', 'r/gone'])).code).toBe(66)
})

test('rotate generates by type, and refuses what it cannot generate', async () => {
  await run(['set', 'r/pw', '--type', 'password', '--generate', '--length', '32'])
  const before = await value('r/pw')
  expect(before).toHaveLength(32)
  await run(['rotate', 'r/pw', '--length', '40'])
  expect(await value('r/pw')).toHaveLength(40)
  await run(['set', 'r/url', '--type', 'url'], { input: 'https://a.example' })
  expect((await run(['rotate', 'r/url'])).code).toBe(64)
  const due = (await run(['rotate', '--due', '--json'])).json()
  expect(due).toEqual({ rotated: [], byHand: [], failed: [] })
})
