import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bench } from './test-world.ts'

test('an empty prefix is no way to say everything', async () => {
  await using store = await bench()
  await store.run(['set', 'shop/prod/api/key'], { input: 'c4n4ry' })
  writeFileSync(join(store.dir, 'a.env'), 'A=1\n')
  for (const args of [
    ['run', '--prefix=', '--', 'env'],
    ['run', '--prefix', '/', '--', 'env'],
    ['export', ''],
    ['export', '/'],
    ['import', join(store.dir, 'a.env'), '--prefix', ''],
    ['import', join(store.dir, 'a.env'), '--prefix', '/'],
  ]) {
    const { code, out, err } = await store.run(args)
    expect([code, out], `${args.join(' ')}: ${err}`).toEqual([64, ''])
  }
  expect((await store.run(['list', '--json'])).json()).toMatchObject({ items: { length: 1 } })
})

test('an option that names a place is never empty', async () => {
  await using store = await bench()
  for (const option of ['--data-dir=', '--audit-dir=', '--address=', '--key-file=', '--as=']) {
    const { code, err } = await store.run(['list', option])
    expect([code, err], option).toEqual([64, expect.stringContaining('is empty')])
  }
  const described = await store.run(['set', 'a/b', '--description='], { input: 'x' })
  expect(described.code, described.err).toBe(0)
})

test('who may read and not list is told that what a prefix finds needs both', async () => {
  await using store = await bench()
  await store.run(['set', 'shop/dev/api/key'], { input: 'x' })
  const rules = [{ effect: 'allow', actions: ['read'], paths: ['shop/**'] }]
  writeFileSync(join(store.dir, 'ci.json'), JSON.stringify({ name: 'ci', rules }))
  await store.run(['policy', 'put', join(store.dir, 'ci.json')])
  await store.run(['actor', 'grant', 'service:ci', '--policy', 'ci'])
  const as = ['--as', 'service:ci']
  expect((await store.run(['get', 'shop/dev/api/key', ...as])).out).toBe('x')
  const { code, err } = await store.run(['run', ...as, '--prefix', 'shop/dev/api', '--', 'true'])
  expect(code).toBe(66)
  expect(err).toContain('needs the action list beside read')
})

test('a re-seal names the options of the new seal, and a wrong passphrase is called one', async () => {
  await using store = await bench()
  const words = join(store.dir, 'words')
  writeFileSync(words, 'correct horse battery staple', { mode: 0o600 })
  const unsaid = await store.run(['key', 'reseal', '--seal', 'passphrase'])
  expect([unsaid.code, unsaid.err]).toEqual([69, expect.stringContaining('--new-passphrase-file')])
  const same = await store.run(['key', 'reseal', '--seal', 'environment'])
  expect(same.err).toContain('--new-seal-option variable=NAME')
  const done = await store.run([
    'key',
    'reseal',
    '--seal',
    'passphrase',
    '--new-passphrase-file',
    words,
  ])
  expect(done.code, done.err).toBe(0)
  writeFileSync(words, 'another horse battery staple')
  const wrong = await store.run(['list', '--passphrase-file', words])
  expect(wrong.code).toBe(78)
  expect(wrong.err).toContain('The passphrase is wrong.')
})
