import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bench } from '../test-world.ts'

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run, dir } = store
const CANARY = 'c4n4ry-7f3a9b'

test('one final newline is taken off, and only one, and not with --raw', async () => {
  const cases: [string, string[], string][] = [
    ['a\n', [], 'a'],
    ['a\r\n', [], 'a'],
    ['a\n\n', [], 'a\n'],
    ['a\r', [], 'a\r'],
    [' a ', [], ' a '],
    ['a\n', ['--raw'], 'a\n'],
  ]
  for (const [input, options, stored] of cases) {
    expect((await run(['set', 'v/newline', ...options], { input })).code).toBe(0)
    expect((await run(['get', 'v/newline'])).out).toBe(stored)
  }
})

test('a value in the arguments is refused, with the right form, and not repeated', async () => {
  const { code, err } = await run(['set', 'v/argv', CANARY])
  expect(code).toBe(64)
  expect(err).toContain('coffer set PATH')
  expect(err).not.toContain(CANARY)
  expect((await run(['get', 'v/argv'])).code).toBe(66)
})

test('an empty value is refused unless it is meant', async () => {
  expect((await run(['set', 'v/empty'], { input: '\n' })).code).toBe(65)
  expect((await run(['set', 'v/empty', '--allow-empty'])).code).toBe(0)
  const { out, code } = await run(['get', 'v/empty'])
  expect([out, code]).toEqual(['', 0])
})

test('input that is not UTF-8 is stored as bytes, and comes back as them', async () => {
  const input = Buffer.from([0xff, 0xfe, 0, 1, 0x0d, 2])
  await run(['set', 'v/bytes', '--type', 'binary'], { input })
  expect((await run(['get', 'v/bytes'])).bytes).toEqual(input)
  const json = (await run(['get', 'v/bytes', '--json'])).json()
  expect(json).toMatchObject({ encoding: 'base64', value: input.toString('base64') })
})

test('a terminal gets a newline after the value, and nothing that it would act on', async () => {
  await run(['set', 'v/tty'], { input: 'text' })
  expect((await run(['get', 'v/tty'], { tty: true })).out).toBe('text\n')
  expect((await run(['get', 'v/tty', '-n'], { tty: true })).out).toBe('text')
  await run(['set', 'v/escape'], { input: 'a\x1b[2J' })
  const refused = await run(['get', 'v/escape'], { tty: true })
  expect([refused.code, refused.out]).toEqual([64, ''])
  expect((await run(['get', 'v/escape', '--raw'], { tty: true })).out).toBe('a\x1b[2J')
})

test('on a terminal the value is asked for, once', async () => {
  const before = store.questions.length
  await run(['set', 'v/asked'], { tty: true, answers: ['typed'] })
  expect(store.questions.slice(before)).toEqual(['Value of v/asked (not shown):'])
  expect((await run(['get', 'v/asked'])).out).toBe('typed')
})

test('--out writes a private file and never through a link', async () => {
  await run(['set', 'v/out'], { input: 'new' })
  const target = join(dir, 'target')
  const link = join(dir, 'link')
  writeFileSync(target, 'old')
  symlinkSync(target, link)
  await run(['get', 'v/out', '--out', link])
  expect(readFileSync(target, 'utf8')).toBe('old')
  expect(readFileSync(link, 'utf8')).toBe('new')
  expect(statSync(link).mode & 0o777).toBe(0o600)
  const told = await run(['get', 'v/out', '--out', link, '--json'])
  expect([told.json(), told.err]).toEqual([
    { path: 'v/out', version: 1, labels: ['current'], type: 'string', file: link },
    '',
  ])
})

test('with --json a group without a command is an error in JSON', async () => {
  const { code, out, err } = await run(['audit', '--json'])
  expect([code, out]).toEqual([64, ''])
  expect(JSON.parse(err)).toMatchObject({
    error: { code: 'invalid_argument', message: expect.stringContaining('tail, query, verify') },
  })
  expect((await run(['audit'])).err).toContain('Usage: coffer audit COMMAND')
})

test('versions, labels and fields are addressed', async () => {
  await run(['set', 'v/j', '--type', 'json'], { input: '{"a":{"b":1}}' })
  await run(['set', 'v/j'], { input: '{"a":{"b":"two"}}' })
  expect((await run(['get', 'v/j', '--field', 'a.b'])).out).toBe('two')
  expect((await run(['get', 'v/j', '--field', '/a/b', '--version', '1'])).out).toBe('1')
  expect((await run(['get', 'v/j', '--label', 'previous'])).out).toContain('1')
  expect((await run(['get', 'v/j', '--version', '9'])).code).toBe(66)
  const missing = await run(['get', 'v/j', '--field', 'a.nope'])
  expect(missing.code).toBe(65)
  expect(missing.err).not.toContain('two')
})

test('absent, denied and usage have their exit codes, as text and as JSON', async () => {
  const absent = await run(['get', 'v/nope'])
  expect([absent.code, absent.err.split('\n')[1]]).toEqual([66, '  code: not_found'])
  const denied = await run(['get', 'v/tty', '--as', 'local:stranger', '--json'])
  expect([denied.code, denied.out]).toEqual([77, ''])
  expect(JSON.parse(denied.err)).toMatchObject({
    error: { code: 'denied', remedy: expect.any(String) },
  })
  const usage = await run(['get', '--json'])
  expect([usage.code, JSON.parse(usage.err).error.code]).toEqual([64, 'invalid_argument'])
})

test('metadata is set, shown, updated and removed', async () => {
  const options = ['--owner', 'team', '--tag', 'tier=1', '--rotate-every', '30d', '--automatic']
  await run(['set', 'v/meta', '--type', 'password', '--generate', ...options, '--expires', '7d'])
  const record = (await run(['show', 'v/meta', '--json'])).json()
  expect(record).toMatchObject({
    owner: 'team',
    tags: { tier: '1' },
    rotation: { everyDays: 30, automatic: true },
    type: { name: 'password' },
  })
  await run(['update', 'v/meta', '--owner', '', '--no-rotation', '--description', 'for tests'])
  const changed = (await run(['show', 'v/meta', '--json'])).json()
  expect(changed.owner).toBeUndefined()
  expect(changed.rotation).toBeUndefined()
  expect(changed).toMatchObject({ description: 'for tests', tags: { tier: '1' } })
  expect((await run(['update', 'v/meta'])).code).toBe(64)
})

test('list filters, pages and hides nothing it was asked for', async () => {
  for (const name of ['a', 'b', 'c'])
    await run(['set', `l/${name}`, '--tag', `n=${name}`], { input: name })
  const all = (await run(['list', 'l', '--json'])).json<{ items: { path: string }[] }>()
  expect(all.items.map(({ path }) => path)).toEqual(['l/a', 'l/b', 'l/c'])
  const tagged = (await run(['list', 'l', '--tag', 'n=b'])).out
  expect(tagged).toContain('l/b')
  expect(tagged).not.toContain('l/a')
  const page = (await run(['list', 'l', '--limit', '2', '--json'])).json<{
    items: unknown[]
    cursor: string
  }>()
  expect(page.items).toHaveLength(2)
  const rest = (await run(['list', 'l', '--limit', '2', '--cursor', page.cursor, '--json'])).json<
    typeof page
  >()
  expect(rest).toMatchObject({ items: [{ path: 'l/c' }] })
})

test('a type refuses a value that is not of it, and says nothing of the value', async () => {
  const { code, err } = await run(['set', 'v/typed', '--type', 'url'], { input: CANARY })
  expect(code).toBe(65)
  expect(err).not.toContain(CANARY)
})

test('a constraint without a type narrows the type that the secret has', async () => {
  const type = async () => (await run(['show', 'v/narrow', '--json'])).json()['type']
  await run(['set', 'v/narrow', '--type', 'number', '--min', '1'], { input: '7' })
  expect((await run(['update', 'v/narrow', '--max', '9'])).code).toBe(0)
  expect(await type()).toEqual({ name: 'number', min: 1, max: 9 })
  expect((await run(['update', 'v/narrow', '--max', '3'])).code).toBe(65)
  expect((await run(['set', 'v/narrow', '--max', '8'], { input: 'seven' })).code).toBe(65)
  expect((await run(['set', 'v/narrow', '--max', '8'], { input: '8' })).code).toBe(0)
  expect(await type()).toEqual({ name: 'number', min: 1, max: 8 })
  await run(['set', 'v/narrow-new', '--max', '8'], { input: 'seven' })
  expect((await run(['show', 'v/narrow-new', '--json'])).json()).toMatchObject({
    type: { name: 'string', max: 8 },
  })
})

test('compare-and-set and idempotency tokens reach the store', async () => {
  await run(['set', 'v/cas', '--if-version', '0', '--token', 't1'], { input: 'a' })
  expect((await run(['set', 'v/cas', '--if-version', '0'], { input: 'b' })).code).toBe(75)
  const again = await run(['set', 'v/cas', '--token', 't1', '--json'], { input: 'a' })
  expect(again.json()).toMatchObject({ version: 1, written: false })
  expect((await run(['set', 'v/cas', '--token', 't1'], { input: 'b' })).code).toBe(65)
})
