import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { bench } from '../test-world.ts'

test('keys rotate and reseal; what was stored stays readable', async () => {
  await using store = await bench()
  const { run, dir } = store
  await run(['set', 'k/a'], { input: 'x' })
  expect((await run(['key', 'rotate', '--json'])).json()).toMatchObject({ term: 2, rewrapped: 1 })
  const env = { COFFER_PASSPHRASE: 'correct horse battery' }
  expect((await run(['key', 'reseal', '--seal', 'passphrase'], { env })).code).toBe(0)
  const sealed = { ...env, COFFER_MASTER_KEY: undefined }
  expect((await run(['get', 'k/a'], { env: sealed })).out).toBe('x')
  const status = (await run(['key', 'status', '--json'], { env: sealed })).json()
  expect(status).toMatchObject({ seal: { kind: 'passphrase' }, activeTerm: 2 })
  expect((await run(['get', 'k/a'], { env: { COFFER_MASTER_KEY: undefined } })).code).toBe(69)
  writeFileSync(join(dir, 'pass'), 'correct horse battery\n', { mode: 0o600 })
  const byFile = ['get', 'k/a', '--passphrase-file', join(dir, 'pass')]
  expect((await run(byFile, { env: { COFFER_MASTER_KEY: undefined } })).out).toBe('x')
})

test('a key is rotated by a sweep as often as was said', async () => {
  await using store = await bench()
  const { run } = store
  expect((await run(['key', 'status'])).out).toMatch(/^next term {2}\S+ \S+Z, every 365 days$/m)
  expect((await run(['key', 'rotate', '--every', '90d'])).err).toContain('90 days old')
  expect((await run(['key', 'status', '--json'])).json()).toMatchObject({
    activeTerm: 1,
    rotation: { everyDays: 90, dueAt: expect.stringMatching(/Z$/) as string },
  })
  const max = LIMITS.keyRotateEveryDaysMax
  expect((await run(['key', 'rotate', '--every', `${max}d`])).code).toBe(0)
  for (const wrong of ['0d', `${max + 1}d`, '12h', 'often'])
    expect((await run(['key', 'rotate', '--every', wrong])).code, wrong).toBe(64)
  expect((await run(['key', 'rotate', '--every', 'never'])).code).toBe(0)
  expect((await run(['key', 'status'])).out).toContain('next term  only by `coffer key rotate`')
})
