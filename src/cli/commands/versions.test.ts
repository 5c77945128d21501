import { afterAll, expect, test } from 'vitest'
import type { PlatformOptions } from '../../compose.ts'
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

test('a version that could never be read is refused, and the one before it stays', async () => {
  await run(['set', 'r/never'], { input: 'good' })
  const window = ['--not-before', '2100-01-02', '--expires', '2100-01-01']
  const { code, err } = await run(['set', 'r/never', ...window], { input: 'x' })
  expect([code, err.includes('never be valid')], err).toEqual([64, true])
  expect(await value('r/never')).toBe('good')
})

test('a version gets another end without becoming another version', async () => {
  await run(['set', 'r/ends', '--expires', '2001-01-01'], { input: 'kept' })
  const refused = await run(['get', 'r/ends'])
  expect([refused.code, refused.err.includes('coffer update PATH --expires')]).toEqual([77, true])
  expect((await run(['update', 'r/ends', '--expires', '2100-01-01'])).code).toBe(0)
  expect(await value('r/ends')).toBe('kept')
  const shown = await run(['update', 'r/ends', '--version', '1', '--expires', '', '--json'])
  expect(shown.json()).toMatchObject({ versions: [{ number: 1 }] })
  expect(JSON.stringify(shown.json())).not.toContain('expiresAt')
  for (const [options, reason] of [
    [['--expires', '1h', '--owner', 'me'], 'alone'],
    [['--version', '1', '--owner', 'me'], 'goes with'],
    [['--not-before', '2100-01-02', '--expires', '2100-01-01'], 'never be valid'],
  ] as const) {
    const { code, err } = await run(['update', 'r/ends', ...options])
    expect([code, err.includes(reason)], err).toEqual([64, true])
  }
})

test('what is done already, or cannot be done yet, says what to do and names real commands', async () => {
  await run(['set', 'r/done'], { input: 'x' })
  expect((await run(['rollback', 'r/done', '--to', '1'])).err).toContain('try: There is nothing')
  await run(['delete', 'r/done'])
  const refused = await run(['set', 'r/done'], { input: 'y' })
  expect(refused.err).toContain('`coffer undelete`, or erase it with `coffer destroy --all`')
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

test('what is due is found, and rotated where Coffer may and can; one that fails stops no other', async () => {
  await using store = await bench()
  const real = await import('../../compose.ts')
  const DAY_MS = 86_400_000
  const compose = async () => ({
    ...real,
    openPlatform: (options?: PlatformOptions) =>
      real.openPlatform({ ...options, clock: () => Date.now() + 40 * DAY_MS }),
  })
  const set = (path: string, options: readonly string[], input?: string) =>
    store.run(['set', path, ...options], input === undefined ? {} : { input })
  await set('d/auto', ['--type', 'token', '--generate', '--rotate-every', '30d', '--automatic'])
  await set(
    'd/cannot',
    ['--type', 'url', '--rotate-every', '30d', '--automatic'],
    'https://a.example',
  )
  await set('d/hand', ['--rotate-every', '30d', '--expires', '45d'], 'x')
  await set('d/young', ['--type', 'token', '--generate', '--rotate-every', '90d', '--automatic'])

  const listed = async (...filter: string[]) =>
    (await store.run(['list', 'd', ...filter, '--json'], { compose }))
      .json<{ items: { path: string }[] }>()
      .items.map(({ path }) => path)
  expect(await listed('--due')).toEqual(['d/auto', 'd/cannot', 'd/hand'])
  expect(await listed('--expires-within', '7d')).toEqual(['d/hand'])
  expect(await listed('--expires-within', '4d')).toEqual([])
  expect(await listed('--older-than', '39d')).toHaveLength(4)
  expect(await listed('--older-than', '41d')).toEqual([])

  const { code, out, err } = await store.run(['rotate', 'd', '--due', '--json'], { compose })
  expect(JSON.parse(out)).toEqual({
    rotated: [{ path: 'd/auto', version: 2 }],
    byHand: ['d/hand'],
    failed: [{ path: 'd/cannot', code: 'invalid_argument' }],
  })
  expect(code).not.toBe(0)
  expect(err).toContain('d/cannot')
  expect(await listed('--due')).toEqual(['d/cannot', 'd/hand'])
})
