import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { openPlatform } from '../../src/compose/open.ts'
import { CofferError } from '../../src/core/errors.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { Coffer } from '../../src/core/ports/coffer.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import type { Sink } from '../../src/core/ports/sink.ts'
import { Secret } from '../../src/core/secret.ts'
import { asNobody, canBeNobody } from '../../src/testing/as-nobody.ts'
import { faultyFs } from '../audit/faulty-fs.ts'
import { ADMIN, admin, newHome, opening, valueAt } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

/** Law 2: no plaintext leaves before its event is durable. */
const opened = new Set<Platform>()
afterEach(async () => {
  for (const platform of opened) await platform.close().catch(() => {})
  opened.clear()
})

async function overFaultyLog(home: Home) {
  const disk = faultyFs()
  const platform = await openPlatform(home.options, { logFs: disk.fs })
  opened.add(platform)
  return { platform, disk }
}

/** Everything that hands something out; none may answer while the log cannot be written. */
const ANSWERS: Readonly<Record<string, (c: Coffer, platform: Platform) => Promise<unknown>>> = {
  read: (c) => c.read({ path: 'shop/a' }),
  'read of nothing': (c) => c.read({ path: 'shop/none' }),
  readMany: (c) => c.readMany([{ path: 'shop/a' }]),
  readBelow: (c) => c.readBelow({ prefix: 'shop' }),
  describe: (c) => c.describe('shop/a'),
  list: (c) => c.list(),
  write: (c) => c.write('shop/a', { value: 'x' }),
  query: (c) => c.audit.query({}),
  policies: (c) => c.access.policies(),
  test: (c) => c.access.test({ actor: ADMIN, action: 'read', path: 'shop/a' }),
  backup: (_, platform) =>
    platform.backup('/nonexistent/backup', { actor: ADMIN, passphrase: 'long enough words' }),
}

async function refusedEverywhere(platform: Platform): Promise<void> {
  for (const [name, call] of Object.entries(ANSWERS)) {
    await expect(call(admin(platform), platform), name).rejects.toMatchObject({
      code: 'audit_unavailable',
    })
  }
  await expect(platform.as('service:x').read({ path: 'shop/a' })).rejects.toMatchObject({
    code: 'audit_unavailable',
  })
}

test.each(['EIO', 'EROFS', 'ENOSPC', 'EMFILE'])(
  'nothing is handed out while the log answers %s, and all is well after it',
  async (errno) => {
    const home = await newHome()
    const { platform, disk } = await overFaultyLog(home)
    await admin(platform).write('shop/a', { value: 'v1' })
    disk.fail(errno)
    await refusedEverywhere(platform)
    disk.heal()
    const coffer = admin(platform)
    // The write was committed and could not be acknowledged: who reads it finds it in the log.
    expect(await valueAt(coffer, 'shop/a')).toBe('x')
    const trail = await coffer.audit.query({ resource: 'shop/a', action: 'write' })
    expect(trail).toHaveLength(2)
    expect(await platform.doctor()).toMatchObject({ ok: true })
  },
)

test('a value that was found is erased when its event cannot be kept', async () => {
  const home = await newHome()
  const { platform, disk } = await overFaultyLog(home)
  await admin(platform).write('shop/a', { value: 'v1' })
  const erased = vi.spyOn(Secret.prototype, 'erase')
  try {
    disk.fail('EIO')
    const refused = { code: 'audit_unavailable' }
    await expect(admin(platform).read({ path: 'shop/a' })).rejects.toMatchObject(refused)
    await expect(admin(platform).readMany([{ path: 'shop/a' }])).rejects.toMatchObject(refused)
    await expect(admin(platform).readBelow({})).rejects.toMatchObject(refused)
    expect(erased).toHaveBeenCalledTimes(3)
  } finally {
    erased.mockRestore()
  }
})

interface TestSink extends Sink {
  readonly lines: string[]
  answer: (signal: AbortSignal) => Promise<void>
}

const sinkThat = (): TestSink => ({
  kind: 'test',
  description: 'test sink',
  lines: [],
  answer: async () => {},
  async append(lines, signal) {
    await this.answer(signal)
    this.lines.push(...lines)
  },
  close: async () => {},
})

test('a required sink that fails closes the gate, and gets what it missed when it is back', async () => {
  const home = await newHome()
  const sink = sinkThat()
  const platform = await home.open({ sinks: [sink] })
  await admin(platform).write('shop/a', { value: 'v1' })
  sink.answer = () => Promise.reject(new CofferError('audit_unavailable', 'No.'))
  await expect(admin(platform).read({ path: 'shop/a' })).rejects.toMatchObject({
    code: 'audit_unavailable',
  })
  // A change is stored before its event goes to the sinks, and says so when they fail.
  await expect(admin(platform).write('shop/b', { value: 'v2' })).rejects.toMatchObject({
    code: 'audit_unavailable',
    message: expect.stringContaining('The change itself is stored.') as string,
  })
  sink.answer = async () => {}
  expect(await valueAt(admin(platform), 'shop/a')).toBe('v1')
  expect(await valueAt(admin(platform), 'shop/b')).toBe('v2')
  const reads = sink.lines.filter((line) => line.includes('"action":"read"'))
  expect(new Set(reads).size).toBe(3)
})

test('a sink that never answers is given up within its time, and healthy work goes on after', async () => {
  const home = await newHome()
  const sink = sinkThat()
  const platform = await home.open({ sinks: [sink] })
  await admin(platform).write('shop/a', { value: 'v1' })
  sink.answer = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')))
    })
  const began = performance.now()
  await expect(admin(platform).read({ path: 'shop/a' })).rejects.toMatchObject({
    code: 'audit_unavailable',
  })
  expect(performance.now() - began).toBeLessThan(LIMITS.auditSinkTimeoutMs + 2_000)
  sink.answer = async () => {}
  expect(await valueAt(admin(platform), 'shop/a')).toBe('v1')
})

test('a full queue refuses, and forgets nobody who waits', async () => {
  const home = await newHome()
  const { platform, disk } = await overFaultyLog(home)
  const coffer = admin(platform)
  await coffer.write('shop/a', { value: 'v1' })
  const before = (await platform.doctor()).audit?.events ?? 0
  const release = Promise.withResolvers<void>()
  const stuck = vi.spyOn(disk.fs, 'syncLater').mockImplementation(() => release.promise)
  const batch = Array.from({ length: LIMITS.batchMax }, () => ({ path: 'shop/a' }))
  const batches = LIMITS.auditQueueMax / LIMITS.batchMax + 4
  const waiting = Array.from({ length: batches }, () => coffer.readMany(batch))
  const outcomes = Promise.allSettled(waiting)
  await new Promise((resolve) => setTimeout(resolve, 300))
  release.resolve()
  stuck.mockRestore()
  const settled = await outcomes
  const refused = settled.filter((s) => s.status === 'rejected')
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'audit_unavailable' })
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThan(batches)
  expect(await valueAt(coffer, 'shop/a')).toBe('v1')
  const after = (await platform.doctor()).audit?.events ?? 0
  expect(after - before).toBe((batches - refused.length) * LIMITS.batchMax + 2)
})

test.skipIf(!canBeNobody())('an audit directory that cannot be written', async () => {
  const home = await newHome()
  const written = await home.open()
  await admin(written).write('shop/a', { value: 'v1' })
  await written.close()
  for (const name of readdirSync(home.auditDir)) chmodSync(path.join(home.auditDir, name), 0o400)
  chmodSync(home.auditDir, 0o500)
  await asNobody(home.dir, async () => {
    const platform = await home.open()
    await expect(admin(platform).read({ path: 'shop/a' })).rejects.toMatchObject({
      code: 'audit_unavailable',
    })
    await platform.close()
  })
})

test('an audit directory whose place is taken by a file', async () => {
  const home = await newHome()
  const platform = await home.open()
  await admin(platform).write('shop/a', { value: 'v1' })
  await platform.close()
  rmSync(home.auditDir, { recursive: true })
  writeFileSync(home.auditDir, 'in the way')
  const outcome: unknown = await home.open().then(
    (open) => admin(open).read({ path: 'shop/a' }),
    (error: unknown) => error,
  )
  expect(outcome).toMatchObject({ code: expect.stringMatching(/^audit_/) as string })
  expect(readFileSync(home.auditDir, 'utf8')).toBe('in the way')
})

test('a denial is audited before it is told', async () => {
  const home = await newHome()
  const { platform, disk } = await overFaultyLog(home)
  await expect(platform.as('service:x').read({ path: 'shop/a' })).rejects.toMatchObject({
    code: 'denied',
  })
  disk.fail('EIO')
  await expect(platform.as('service:x').write('a', { value: 'x' })).rejects.toMatchObject({
    code: 'audit_unavailable',
  })
  disk.heal()
  const trail = await admin(platform).audit.query({ actor: 'service:x' })
  expect(trail).toMatchObject([{ action: 'read', outcome: 'denied' }])
})

test('a wrong root key is told by the fingerprint it should have, audited, and makes nothing', async () => {
  const home = await newHome()
  const before = readFileSync(home.db)
  const env = { ...home.options.env, COFFER_MASTER_KEY: 'ab'.repeat(32) }
  const error: unknown = await home.open({ env }).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'wrong_key' })
  const platform = await opening(home.options)
  const { fingerprint } = await platform.keys.status()
  expect(String(error)).toContain(fingerprint)
  expect(readFileSync(home.db).equals(before)).toBe(true)
  const [denied] = await admin(platform).audit.query({ action: 'store.unseal' })
  expect(denied).toMatchObject({ outcome: 'denied', code: 'wrong_key' })
  expect(await platform.doctor()).toMatchObject({ ok: true })
})
