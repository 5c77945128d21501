import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { admin, ADMIN, homeAt, newHome, temporary, valueAt } from '../../test/support/platform.ts'
import { initPlatform, openCoffer } from '../compose.ts'
import { isCofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Sink } from '../core/ports/sink.ts'

test('everything that is made can be read by its owner only, whatever the umask', async () => {
  const before = process.umask(0)
  try {
    const home = await newHome()
    const platform = await home.open()
    await admin(platform).write('a', { value: 'x' })
    await platform.backup(join(home.dir, 'b.age'), { actor: ADMIN, passphrase: 'some words' })
    const found: string[] = []
    for (const entry of readdirSync(home.dir, { recursive: true, encoding: 'utf8' })) {
      const mode = statSync(join(home.dir, entry)).mode & 0o777
      if ((mode & 0o077) !== 0) found.push(`${entry} ${mode.toString(8)}`)
    }
    expect(found).toEqual([])
  } finally {
    process.umask(before)
  }
})

test('closing in the middle of work ends it in order', async () => {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  await coffer.write('a', { value: 'x' })
  const work = Array.from({ length: 40 }, (_, i) =>
    i % 2 === 0 ? coffer.read({ path: 'a' }) : coffer.write(`b/${i}`, { value: 'x' }),
  )
  const [settled] = await Promise.all([Promise.allSettled(work), platform.close()])
  for (const outcome of settled) {
    if (outcome.status === 'rejected') expect(isCofferError(outcome.reason)).toBe(true)
  }
  for (const call of [() => coffer.read({ path: 'a' }), () => coffer.write('a', { value: 'y' })]) {
    const error: unknown = await call().catch((e: unknown) => e)
    expect(error).toMatchObject({ code: expect.stringMatching(/_unavailable$/) as string })
  }
  await platform.close()
  const again = await home.open()
  const told = settled.flatMap((s, i) => (s.status === 'fulfilled' && i % 2 === 1 ? [i] : []))
  for (const i of told) expect(await valueAt(admin(again), `b/${i}`)).toBe('x')
  expect(await again.doctor()).toMatchObject({ ok: true })
})

test('a program’s Coffer closes its store by itself', async () => {
  const home = await newHome()
  {
    await using coffer = await openCoffer({ ...home.options, actor: ADMIN })
    await coffer.write('a', { value: 'x' })
    expect(coffer.actor).toBe(ADMIN)
  }
  expect(await valueAt(admin(await home.open()), 'a')).toBe('x')
})

test('init refuses an actor and a seal that are none, and can be repeated after any refusal', async () => {
  const home = homeAt(temporary())
  const { options } = home
  const attempts = [
    [{ admin: 'no kind' }, 'invalid_argument'],
    [{ admin: 'system:coffer' }, 'invalid_argument'],
    [{ seal: 'toString' }, 'invalid_argument'],
    [{ env: { COFFER_MASTER_KEY: 'short' } }, 'invalid_key'],
    [{ seal: 'environment', env: {} }, 'sealed'],
  ] as const
  for (const [more, code] of attempts) {
    await expect(initPlatform({ ...options, ...more })).rejects.toMatchObject({ code })
    await expect(home.open()).rejects.toMatchObject({ code: 'store_missing' })
  }
  await initPlatform({ ...options, admin: ADMIN })
  expect(await (await home.open()).doctor()).toMatchObject({ ok: true })
})

test('a root key that is not where it was is named by its fingerprint', async () => {
  const home = homeAt(temporary())
  const keyFile = join(temporary(), 'root.key')
  const options = { ...home.options, env: {}, seal: 'key-file', sealOptions: { file: keyFile } }
  await initPlatform({ ...options, admin: ADMIN })
  const platform = await home.open({ ...options })
  const { fingerprint } = await platform.keys.status()
  await platform.close()
  rmSync(keyFile)
  await expect(home.open({ ...options })).rejects.toMatchObject({
    code: 'sealed',
    message: `Key file ${keyFile} does not exist. The store wants root key ${fingerprint}.`,
    remedy: expect.stringContaining('backed up'),
  })
})

test('a data directory that is a file is refused by name, not as a bug', async () => {
  const { options } = homeAt(temporary())
  const dataDir = join(temporary(), 'file')
  writeFileSync(dataDir, '')
  await expect(initPlatform({ ...options, dataDir })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('ENOTDIR'),
    remedy: expect.stringContaining('--data-dir'),
  })
})

test('an actor is named as actors are', async () => {
  const platform = await (await newHome()).open()
  for (const name of ['alice', 'system:coffer', 'a:b\nc', 'Local:x', `a:${'x'.repeat(255)}`]) {
    expect(() => platform.as(name)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  }
})

test('a value limit is given within its own limits', async () => {
  const home = await newHome()
  for (const valueBytesMax of [0, 1.5, LIMITS.valueBytesCeiling + 1]) {
    await expect(home.open({ valueBytesMax })).rejects.toMatchObject({ code: 'invalid_argument' })
  }
  const platform = await home.open({ valueBytesMax: LIMITS.valueBytesCeiling })
  const coffer = admin(platform)
  const value = new Uint8Array(LIMITS.valueBytesCeiling)
  await coffer.write('big', { value })
  await expect(
    coffer.write('big', { value: new Uint8Array(LIMITS.valueBytesCeiling + 1) }),
  ).rejects.toMatchObject({ code: 'too_large' })
  expect((await coffer.read({ path: 'big' }))?.secret.revealBytes()).toHaveLength(value.length)
  const small = await home.open({ valueBytesMax: 8 })
  await admin(small).write('small', { value: '12345678' })
  await expect(admin(small).write('small', { value: '123456789' })).rejects.toMatchObject({
    code: 'too_large',
  })
  expect(await admin(small).read({ path: 'big' })).toBeDefined()
})

test('a page’s cursor tells no path, and is good in any process but in no other store', async () => {
  const home = await newHome()
  const platform = await home.open()
  const names = ['hidden/one', 'hidden/two', 'hidden/three']
  await admin(platform).writeMany(names.map((path) => ({ path, input: { value: 'x' } })))
  const { cursor = '' } = await admin(platform).list({ limit: 1 })
  expect(cursor).not.toBe('')
  for (const encoding of ['base64url', 'hex', 'latin1'] as const) {
    expect(Buffer.from(cursor, encoding).toString('latin1')).not.toContain('hidden')
  }
  const other = await home.open()
  const rest = await admin(other).list({ cursor })
  expect(rest.items.map((item) => item.path)).toEqual(['hidden/three', 'hidden/two'])
  const foreign = await (await newHome()).open()
  await expect(admin(foreign).list({ cursor })).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('a sink that is ahead of the store is a witness of a rollback', async () => {
  const home = await newHome()
  const sink = (generation: number): Sink => ({
    kind: 'witness',
    description: 'a sink elsewhere',
    append: async () => {},
    head: async () => ({ seq: 1, generation }),
    close: async () => {},
  })
  await expect(home.open({ sinks: [sink(99)] })).rejects.toMatchObject({
    code: 'store_rolled_back',
    details: { known: 99, witness: 'a sink elsewhere' },
  })
  await expect(home.open({ sinks: [sink(1)] })).resolves.toBeDefined()
})

test('what does not fit its type any more is refused when it is read', async () => {
  const platform = await (await newHome()).open()
  const coffer = admin(platform)
  await coffer.write('a', { value: 'text' })
  await coffer.write('a', { value: '42', type: { name: 'number' } })
  expect(await valueAt(coffer, 'a')).toBe('42')
  await expect(coffer.read({ path: 'a', version: 1 })).rejects.toMatchObject({
    code: 'invalid_value',
  })
  const [event] = await coffer.audit.query({ action: 'read', outcome: 'failed' })
  expect(event).toMatchObject({ code: 'invalid_value', version: 1 })
})

test('a backup that fails leaves its event', async () => {
  const home = await newHome()
  const platform = await home.open()
  const file = join(home.dir, 'no', 'such', 'directory')
  const error: unknown = await platform
    .backup(file, { actor: ADMIN, passphrase: 'some words' })
    .catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'not_found' })
  const trail = await admin(platform).audit.query({ action: 'backup' })
  expect(trail.map((e) => [e.outcome, e.code])).toEqual([
    ['allowed', undefined],
    ['failed', 'not_found'],
  ])
})

test('a change by another process is told to who watches, within two seconds', async () => {
  const home = await newHome()
  const [watching, writing] = [await home.open(), await home.open()]
  let told = 0
  const failures: unknown[] = []
  admin(watching).watch(
    'a',
    () => (told += 1),
    (error) => failures.push(error),
  )
  await new Promise((resolve) => setTimeout(resolve, 500))
  await admin(writing).write('b', { value: 'x' })
  await admin(writing).write('a', { value: 'x' })
  await expect.poll(() => told, { timeout: 2_000, interval: 20 }).toBe(1)
  await admin(writing).purge('a')
  await expect.poll(() => told, { timeout: 2_000, interval: 20 }).toBe(2)
  expect(failures).toEqual([])
})

test('a store that is away for a while is told once to who watches, and changes are told after it', async () => {
  const home = await newHome()
  const platform = await home.open()
  await admin(platform).write('a', { value: 'x' })
  let told = 0
  const failures: unknown[] = []
  const stop = admin(platform).watch(
    'a',
    () => (told += 1),
    (error) => failures.push(error),
  )
  await settled()
  for (const round of [1, 2]) {
    renameSync(home.dataDir, `${home.dataDir}-away`)
    await settled()
    await settled()
    await settled()
    expect(failures).toMatchObject(
      Array.from({ length: round }, () => ({ code: 'store_unavailable' })),
    )
    renameSync(`${home.dataDir}-away`, home.dataDir)
    await admin(platform).write('a', { value: `of ${round}` })
    await expect.poll(() => told, { timeout: 2_000, interval: 20 }).toBe(round)
  }
  stop()
})

const settled = () => new Promise((resolve) => setTimeout(resolve, 500))
