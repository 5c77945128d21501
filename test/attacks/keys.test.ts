import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, test, vi } from 'vitest'
import { STORES } from '../../src/adapters/stores/registry.ts'
import { initPlatform, inspectBackup, openPlatform, restorePlatform } from '../../src/compose.ts'
import { CofferError, isCofferError } from '../../src/core/errors.ts'
import { ADMIN, admin, homeAt, newHome, tamper, temporary, valueAt } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

const PASSPHRASE = 'correct horse battery staple'

async function stocked(key?: string): Promise<Home> {
  const home = await newHome(key)
  const platform = await home.open()
  await admin(platform).writeMany(
    Array.from({ length: 20 }, (_, i) => ({ path: `shop/s${i}`, input: { value: `v${i}` } })),
  )
  await platform.close()
  return home
}

/** An age identity costs no key stretching, so that many openings are quick. */
async function backedUp(home: Home) {
  const identity = await generateIdentity()
  const file = join(home.dir, 'backup.age')
  const platform = await home.open()
  const recipients = [await identityToRecipient(identity)]
  const report = await platform.backup(file, { actor: ADMIN, recipients })
  await platform.close()
  return { file, identities: [identity], report }
}

const emptyHome = (home: Home) => homeAt(temporary(), home.options.env['COFFER_MASTER_KEY'])

test('a wrong key makes nothing, whatever it opens with', async () => {
  const home = await stocked()
  const env = { COFFER_MASTER_KEY: 'cd'.repeat(32) }
  await expect(home.open({ env })).rejects.toMatchObject({ code: 'wrong_key' })
  await expect(home.open({ env: {} })).rejects.toMatchObject({ code: 'sealed' })
  await expect(home.open({ env: { COFFER_MASTER_KEY: 'short' } })).rejects.toMatchObject({
    code: 'invalid_key',
  })
  await expect(initPlatform({ ...home.options, env })).rejects.toMatchObject({
    code: 'store_exists',
  })
  expect(await valueAt(admin(await home.open()), 'shop/s1')).toBe('v1')
})

test('a rotation re-wraps everything, destroys the old term, and other processes go on', async () => {
  const home = await stocked()
  const rotator = await home.open()
  const reader = await home.open()
  const writer = await home.open()
  expect(await valueAt(admin(reader), 'shop/s1')).toBe('v1')
  for (let round = 2; round <= 4; round++) {
    const report = await rotator.keys.rotate({ actor: ADMIN })
    expect(report).toMatchObject({ term: round, retired: [round - 1] })
    expect(await valueAt(admin(reader), 'shop/s1')).toBe('v1')
    await admin(writer).write('shop/s2', { value: `round ${round}` })
    expect(await valueAt(admin(rotator), 'shop/s2')).toBe(`round ${round}`)
    for (const platform of [reader, writer, rotator]) {
      expect(await platform.doctor()).toMatchObject({ ok: true })
      expect((await platform.keys.status()).activeTerm).toBe(round)
    }
  }
})

test('a long look at everything is not confused by a rotation under it, and takes no keys back', async () => {
  const home = await stocked()
  const platform = await home.open()
  const looks = Promise.all(Array.from({ length: 3 }, () => platform.doctor()))
  await platform.keys.rotate({ actor: ADMIN })
  for (const report of await looks) {
    expect(report.checks.find((check) => check.name === 'secrets and keys')?.ok).toBe(true)
  }
  expect((await platform.keys.status()).activeTerm).toBe(2)
  await admin(platform).write('shop/s0', { value: 'x' })
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test('two rotations at once lose no value', async () => {
  const home = await stocked()
  const [one, two] = [await home.open(), await home.open()]
  await Promise.all([one.keys.rotate({ actor: ADMIN }), two.keys.rotate({ actor: ADMIN })])
  await Promise.all([one.keys.rotate({ actor: ADMIN }), one.keys.rotate({ actor: ADMIN })])
  for (const platform of [one, two]) {
    expect(await platform.doctor()).toMatchObject({ ok: true })
    expect(await valueAt(admin(platform), 'shop/s7')).toBe('v7')
  }
})

test('a rotation refuses to work on a store that was put back under it', async () => {
  const home = await stocked()
  const kept = await tamper(home, async (rows) => rows.state())
  const platform = await home.open()
  await admin(platform).write('shop/s1', { value: 'newer' })
  await tamper(home, (rows) => rows.putState(kept!))
  await expect(platform.keys.rotate({ actor: ADMIN })).rejects.toMatchObject({
    code: 'store_rolled_back',
  })
})

test('only administrators of the keys rotate, reseal and back up', async () => {
  const home = await stocked()
  const platform = await home.open()
  const actor = 'service:x'
  const file = join(home.dir, 'stolen')
  await expect(platform.keys.rotate({ actor })).rejects.toMatchObject({ code: 'denied' })
  const sealOptions = { file: join(home.dir, 'their.key') }
  await expect(
    platform.keys.reseal({ actor, seal: 'key-file', sealOptions }),
  ).rejects.toMatchObject({ code: 'denied' })
  await expect(platform.backup(file, { actor, passphrase: PASSPHRASE })).rejects.toMatchObject({
    code: 'denied',
  })
  expect(existsSync(file)).toBe(false)
  expect(existsSync(sealOptions.file)).toBe(false)
  const trail = await admin(platform).audit.query({ actor })
  expect(trail.map((e) => [e.action, e.outcome])).toEqual([
    ['key.rotate', 'denied'],
    ['key.reseal', 'denied'],
    ['backup', 'denied'],
  ])
})

test('after a reseal a running process keeps reading and is sealed at the next term', async () => {
  const home = await stocked()
  const [running, resealer] = [await home.open(), await home.open()]
  expect(await valueAt(admin(running), 'shop/s1')).toBe('v1')
  const sealOptions = { file: join(home.dir, 'new.key') }
  await resealer.keys.reseal({ actor: ADMIN, seal: 'key-file', sealOptions })
  expect(await valueAt(admin(running), 'shop/s1')).toBe('v1')
  expect(await admin(running).list()).toMatchObject({ items: expect.any(Array) as unknown })
  await resealer.keys.rotate({ actor: ADMIN })
  await expect(admin(running).read({ path: 'shop/s1' })).rejects.toMatchObject({ code: 'sealed' })
  await expect(home.open({ sealOptions: {} })).resolves.toBeDefined()
  await expect(
    openPlatform({ ...home.options, sealOptions: { file: join(home.dir, 'none.key') } }),
  ).rejects.toMatchObject({ code: 'sealed' })
  const fresh = await home.open({ sealOptions })
  expect(await valueAt(admin(fresh), 'shop/s1')).toBe('v1')
  const { roots } = await fresh.keys.status()
  expect(roots.map((root) => root.seal)).toEqual(['environment', 'key-file'])
})

test('a reseal in the middle of this process’s own work is noticed by none of it', async () => {
  const home = await stocked()
  const platform = await home.open()
  const coffer = admin(platform)
  for (let round = 0; round < 3; round++) {
    const sealOptions = { file: join(home.dir, `root-${round}.key`) }
    const resealed = new AbortController()
    const writer = async (i: number) => {
      while (!resealed.signal.aborted) await coffer.write(`shop/s${i}`, { value: `r${round}` })
    }
    const resealing = platform.keys.reseal({ actor: ADMIN, seal: 'key-file', sealOptions })
    const work = [
      resealing.finally(() => resealed.abort()),
      ...Array.from({ length: 5 }, (_, i) => writer(i)),
      platform.keys.rotate({ actor: ADMIN }),
      ...Array.from({ length: 10 }, (_, i) => coffer.read({ path: `shop/s${i}` })),
      platform.doctor(),
      platform.keys.status(),
    ]
    const settled = await Promise.allSettled(work)
    expect(settled.filter((s) => s.status === 'rejected')).toEqual([])
  }
  await platform.close()
  expect(await valueAt(admin(await home.open()), 'shop/s3')).toBe('r2')
})

test('a backup taken in the middle of writes is of one moment', async () => {
  const home = await stocked()
  const writer = await home.open()
  const stopped = new AbortController()
  const writing = (async () => {
    for (let i = 0; !stopped.signal.aborted; i++) {
      await admin(writer).write(`shop/s${i % 20}`, { value: `w${i}` })
      if (i % 5 === 0) await admin(writer).purge(`shop/s${i % 20}`)
    }
  })()
  for (let round = 0; round < 3; round++) {
    const backup = await backedUp(home)
    const target = emptyHome(home)
    const options = { ...target.options, identities: backup.identities, actor: ADMIN }
    await restorePlatform(backup.file, options)
    expect(await (await target.open()).doctor()).toMatchObject({ ok: true })
  }
  stopped.abort()
  await writing
})

test('a backup made before a rotation restores after it, with its values and its history', async () => {
  const home = await stocked()
  const backup = await backedUp(home)
  const platform = await home.open()
  await platform.keys.rotate({ actor: ADMIN })
  await platform.close()
  const target = emptyHome(home)
  const options = { ...target.options, identities: backup.identities, actor: ADMIN }
  expect(await inspectBackup(backup.file, options)).toMatchObject({ keyHeld: true, secrets: 20 })
  expect(await restorePlatform(backup.file, options)).toMatchObject({ secrets: 20, versions: 20 })
  const restored = await target.open()
  expect(await valueAt(admin(restored), 'shop/s5')).toBe('v5')
  expect(await restored.doctor()).toMatchObject({ ok: true })
  const [event] = await admin(restored).audit.query({ limit: 1_000 })
  expect(event).toMatchObject({ action: 'store.restore', actor: ADMIN })
})

test('preflight says which root key a backup needs and that it is not held', async () => {
  const home = await stocked()
  const backup = await backedUp(home)
  const target = homeAt(temporary())
  const options = { ...target.options, identities: backup.identities, actor: ADMIN }
  const inspection = await inspectBackup(backup.file, options)
  expect(inspection).toMatchObject({ keyHeld: false, fingerprint: backup.report.fingerprint })
  const error: unknown = await restorePlatform(backup.file, options).catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'wrong_key' })
  expect(String(error)).toContain(backup.report.fingerprint)
  expect(existsSync(target.dataDir)).toBe(false)
})

test('nothing is restored over anything, nor touched on the way', async () => {
  const home = await stocked()
  const backup = await backedUp(home)
  const options = { ...home.options, identities: backup.identities, actor: ADMIN }
  const before = readFileSync(home.db)
  await expect(restorePlatform(backup.file, options)).rejects.toMatchObject({ code: 'not_empty' })
  expect(readFileSync(home.db).equals(before)).toBe(true)
  const target = emptyHome(home)
  mkdirSync(target.dataDir)
  writeFileSync(join(target.dataDir, 'holiday.jpg'), 'x')
  await expect(
    restorePlatform(backup.file, { ...options, ...target.options }),
  ).rejects.toMatchObject({ code: 'not_empty' })
  expect(readdirSync(target.dataDir)).toEqual(['holiday.jpg'])
})

test('a directory that was there and empty is there and empty after a restore that failed', async () => {
  const home = await stocked()
  const backup = await backedUp(home)
  truncateSync(backup.file, 2_000)
  const target = emptyHome(home)
  mkdirSync(target.dataDir)
  const options = { ...target.options, identities: backup.identities, actor: ADMIN }
  await expect(restorePlatform(backup.file, options)).rejects.toMatchObject({
    code: 'backup_invalid',
  })
  expect(readdirSync(target.dataDir)).toEqual([])
})

test('a restore that finds the disk full at its very end puts nothing in place', async () => {
  const home = await stocked()
  const backup = await backedUp(home)
  const target = emptyHome(home)
  const options = { ...target.options, identities: backup.identities, actor: ADMIN }
  const open = STORES.sqlite.open
  const full = new CofferError('store_full', 'No room to bring the write-ahead log home.')
  vi.spyOn(STORES.sqlite, 'open').mockImplementationOnce(async (location) => {
    const store = await open(location)
    return Object.assign(store, { scrub: () => Promise.reject(full) })
  })
  await expect(restorePlatform(backup.file, options)).rejects.toBe(full)
  expect(existsSync(target.dataDir)).toBe(false)
  await restorePlatform(backup.file, options)
})

test('a wrong backup key is told from a damaged backup', async () => {
  const home = await stocked()
  const backup = await backedUp(home)
  const options = { ...emptyHome(home).options, actor: ADMIN }
  for (const identities of [[await generateIdentity()], []]) {
    await expect(restorePlatform(backup.file, { ...options, identities })).rejects.toMatchObject({
      code: 'backup_key',
    })
  }
  await expect(
    restorePlatform(backup.file, { ...options, passphrase: 'no' }),
  ).rejects.toMatchObject({ code: 'backup_key' })
  await expect(
    restorePlatform(backup.file, { ...options, identities: ['nonsense'] }),
  ).rejects.toMatchObject({ code: 'invalid_key' })
})

test('cut anywhere, or with a byte flipped, a backup is refused and leaves nothing behind', async () => {
  const home = await stocked()
  const backup = await backedUp(home)
  const whole = readFileSync(backup.file)
  const broken = join(home.dir, 'broken.age')
  const target = emptyHome(home)
  const options = { ...target.options, identities: backup.identities, actor: ADMIN }
  const attempts: Buffer[] = []
  for (let i = 0; i < 40; i++) attempts.push(whole.subarray(0, Math.floor((whole.length * i) / 40)))
  attempts.push(whole.subarray(0, whole.length - 1), Buffer.concat([whole, Buffer.from('x')]))
  for (let i = 0; i < 40; i++) {
    const flipped = Buffer.from(whole)
    const at = Math.floor((whole.length * i) / 40)
    flipped[at] = flipped[at]! ^ 0x20
    attempts.push(flipped)
  }
  for (const [i, bytes] of attempts.entries()) {
    writeFileSync(broken, bytes)
    const error: unknown = await restorePlatform(broken, options).catch((e: unknown) => e)
    expect(isCofferError(error), `attempt ${i}: ${String(error)}`).toBe(true)
    expect(['backup_invalid', 'backup_key'], `attempt ${i}`).toContain(
      (error as { code: string }).code,
    )
    expect(existsSync(target.dataDir)).toBe(false)
  }
  renameSync(backup.file, broken)
  expect(await restorePlatform(broken, options)).toMatchObject({ secrets: 20 })
})
