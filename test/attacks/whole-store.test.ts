import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acceptRestored, initPlatform } from '../../src/compose.ts'
import { isCofferError } from '../../src/core/errors.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import { ADMIN, admin, copyFolder, newHome, valueAt } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

/** The store's files are put back, cut or removed as a whole (law 6). */
const yesterday = (home: Home) => join(home.dir, 'yesterday')

function keepCopy(home: Home): void {
  mkdirSync(yesterday(home), { recursive: true })
  for (const name of readdirSync(home.dataDir)) {
    if (name.startsWith('coffer.db')) cpSync(join(home.dataDir, name), join(yesterday(home), name))
  }
}

function putBack(home: Home, how: 'copy' | 'rename'): void {
  for (const name of ['coffer.db-wal', 'coffer.db-shm']) {
    if (how === 'rename') rmSync(join(home.dataDir, name), { force: true })
  }
  for (const name of readdirSync(yesterday(home))) {
    const [from, to] = [join(yesterday(home), name), join(home.dataDir, name)]
    if (how === 'copy') copyFileSync(from, to)
    else renameSync(from, to)
  }
}

async function twoDays(): Promise<Home> {
  const home = await newHome()
  const first = await home.open()
  await admin(first).write('shop/a', { value: 'yesterday' })
  await first.close()
  keepCopy(home)
  const second = await home.open()
  await admin(second).write('shop/a', { value: 'today' })
  await second.close()
  return home
}

test('a store put back to yesterday is refused, and both generations are named', async () => {
  const home = await twoDays()
  putBack(home, 'rename')
  const error: unknown = await home.open().catch((e: unknown) => e)
  expect(error).toMatchObject({ code: 'store_rolled_back', details: { store: 3, known: 4 } })
  expect(String(error)).toMatch(/generation 3.*generation 4/)
})

test('accepting it is an audited epoch above everything known, and then it works', async () => {
  const home = await twoDays()
  putBack(home, 'rename')
  const report = await acceptRestored({ ...home.options, actor: ADMIN })
  expect(report.ok).toBe(true)
  const platform = await home.open()
  const coffer = admin(platform)
  expect(await valueAt(coffer, 'shop/a')).toBe('yesterday')
  const [epoch] = await coffer.audit.query({ action: 'store.epoch' })
  expect(epoch).toMatchObject({ actor: ADMIN, generation: 5, outcome: 'allowed' })
  await coffer.write('shop/a', { value: 'tomorrow' })
  expect(await platform.doctor()).toMatchObject({ ok: true })
})

test.each(['copy', 'rename'] as const)('running processes notice it too: by %s', async (how) => {
  const home = await newHome()
  const platform = await home.open()
  const coffer = admin(platform)
  await coffer.write('shop/a', { value: 'yesterday' })
  const other = await home.open()
  await other.close()
  keepCopy(home)
  await coffer.write('shop/a', { value: 'today' })
  putBack(home, how)
  await new Promise((resolve) => setTimeout(resolve, 150))
  const attempts = {
    read: () => coffer.read({ path: 'shop/a' }),
    'read of a version': () => coffer.read({ path: 'shop/a', version: 1 }),
    describe: () => coffer.describe('shop/a'),
    list: () => coffer.list(),
    write: () => coffer.write('shop/a', { value: 'x' }),
    rotate: () => platform.keys.rotate({ actor: ADMIN }),
  }
  for (const [name, attempt] of Object.entries(attempts)) {
    const outcome: unknown = await attempt().then(
      () => 'answered',
      (e: unknown) => (isCofferError(e) ? e.code : e),
    )
    expect(['store_rolled_back', 'corrupt', 'store_unavailable'], name).toContain(outcome)
  }
})

test('a checkpoint kept elsewhere catches store and log put back together', async () => {
  const home = await newHome()
  const platform = await home.open()
  await admin(platform).write('shop/a', { value: 'yesterday' })
  await platform.close()
  copyFolder(home.dataDir, yesterday(home))
  const later = await home.open()
  await admin(later).write('shop/a', { value: 'today' })
  const checkpoint = await admin(later).audit.head()
  await later.close()
  rmSync(home.dataDir, { recursive: true })
  renameSync(yesterday(home), home.dataDir)
  await expect(home.open({ checkpoint })).rejects.toMatchObject({ code: 'store_rolled_back' })
  const accepted = await acceptRestored({ ...home.options, checkpoint, actor: ADMIN })
  expect(accepted.ok).toBe(true)
  const opened = await home.open()
  expect(await admin(opened).write('shop/a', { value: 'x' })).toMatchObject({ version: 2 })
})

test('a log that is gone, or was cut, is not begun anew in silence', async () => {
  const gone = await twoDays()
  rmSync(gone.auditDir, { recursive: true })
  await expect(gone.open()).rejects.toMatchObject({ code: 'audit_tampered' })
  expect((await acceptRestored({ ...gone.options, actor: ADMIN })).ok).toBe(true)
  await (await gone.open()).close()

  const cut = await twoDays()
  const segment = join(
    cut.auditDir,
    readdirSync(cut.auditDir).find((n) => /\d/.test(n))!,
  )
  truncateSync(segment, Math.floor(statSync(segment).size / 2))
  const opened = await cut.open().catch((e: unknown) => e)
  expect(opened).toMatchObject({ code: 'audit_tampered' })
  expect((await acceptRestored({ ...cut.options, actor: ADMIN })).ok).toBe(true)
  const aside = readdirSync(cut.dataDir).filter((name) => name.startsWith('audit.'))
  expect(aside).toHaveLength(1)
  expect(await valueAt(admin(await cut.open()), 'shop/a')).toBe('today')
})

test('an older log put back under the store is noticed, and can be accepted', async () => {
  const home = await newHome()
  const first = await home.open()
  await admin(first).write('shop/a', { value: 'v0' })
  await first.close()
  const kept = join(home.dir, 'kept-log')
  copyFolder(home.auditDir, kept)
  const second = await home.open()
  for (let i = 1; i <= 70; i++) {
    await admin(second).write('shop/a', { value: `v${i}` })
    // What is handed out is synced: from then on the outbox need not keep what came before.
    await valueAt(admin(second), 'shop/a')
  }
  await second.close()
  rmSync(home.auditDir, { recursive: true })
  copyFolder(kept, home.auditDir)
  await expect(home.open()).rejects.toMatchObject({ code: 'audit_tampered' })
  expect((await acceptRestored({ ...home.options, actor: ADMIN })).ok).toBe(true)
  const third = await home.open()
  expect(await valueAt(admin(third), 'shop/a')).toBe('v70')
  expect(await third.doctor()).toMatchObject({ ok: true })
})

test('the log of another store is not continued, and both go on with their own', async () => {
  const [ours, others] = [await newHome(), await newHome()]
  for (const [home, writes] of [
    [ours, 1],
    [others, 3],
  ] as const) {
    const platform = await home.open()
    for (let i = 0; i < writes; i++) await admin(platform).write(`shop/${i}`, { value: 'v' })
    await platform.close()
  }
  await expect(ours.open({ auditDir: others.auditDir })).rejects.toMatchObject({
    code: 'audit_unavailable',
    message: expect.stringContaining(`${others.auditDir} is another store's`),
  })
  for (const home of [ours, others]) {
    const platform = await home.open()
    expect(await valueAt(admin(platform), 'shop/0')).toBe('v')
    expect(await platform.doctor()).toMatchObject({ ok: true })
  }
})

test('a head file that is of another store, or flipped in its key, keeps nobody out', async () => {
  const [ours, others] = [await newHome(), await newHome()]
  for (const home of [ours, others]) {
    const platform = await home.open()
    await admin(platform).write('shop/a', { value: 'v' })
    await platform.close()
  }
  const head = (home: Home) => join(home.auditDir, 'head')
  const own = readFileSync(head(ours), 'latin1')
  const flipped = own.replace(/"key":"(.)/, (_, first) => `"key":"${first === 'a' ? 'b' : 'a'}`)
  expect(flipped).not.toBe(own)
  for (const damaged of [readFileSync(head(others), 'latin1'), flipped]) {
    writeFileSync(head(ours), damaged, 'latin1')
    const platform = await ours.open()
    expect(await valueAt(admin(platform), 'shop/a')).toBe('v')
    expect(await platform.doctor()).toMatchObject({ ok: true })
    await platform.close()
  }
})

test('reads that were logged since cannot be hidden by putting the log back', async () => {
  const home = await newHome()
  const first = await home.open()
  await admin(first).write('shop/a', { value: 'v0' })
  await first.close()
  const kept = join(home.dir, 'kept-log')
  copyFolder(home.auditDir, kept)
  const second = await home.open()
  await admin(second).read({ path: 'shop/a' })
  await admin(second).write('shop/a', { value: 'v1' })
  await second.close()
  rmSync(home.auditDir, { recursive: true })
  copyFolder(kept, home.auditDir)
  await expect(home.open()).rejects.toMatchObject({ code: 'audit_tampered' })
})

test('a log that is gone, or left elsewhere, is missed before the first change', async () => {
  const never = await newHome()
  rmSync(never.auditDir, { recursive: true })
  await expect(never.open()).rejects.toMatchObject({ code: 'audit_tampered' })
  const home = await newHome()
  const platform = await home.open()
  expect(await admin(platform).read({ path: 'shop/a' })).toBeUndefined()
  await platform.close()
  await expect(home.open({ auditDir: join(home.dir, 'elsewhere') })).rejects.toMatchObject({
    code: 'audit_tampered',
    message: expect.stringContaining('elsewhere is empty, but entry') as string,
    remedy: expect.stringContaining('--audit-dir, COFFER_AUDIT_DIR') as string,
  })
  rmSync(home.auditDir, { recursive: true })
  await expect(home.open()).rejects.toMatchObject({ code: 'audit_tampered' })
  expect((await acceptRestored({ ...home.options, actor: ADMIN })).ok).toBe(true)
  await (await home.open()).close()
  rmSync(home.auditDir, { recursive: true })
  await expect(home.open()).rejects.toMatchObject({ code: 'audit_tampered' })
})

test('where the store is gone and its log is left, init refuses to begin anew', async () => {
  const home = await twoDays()
  rmSync(home.db)
  await expect(home.open()).rejects.toMatchObject({ code: 'store_missing' })
  await expect(initPlatform(home.options)).rejects.toMatchObject({ code: 'store_exists' })
  expect(existsSync(home.auditDir)).toBe(true)
  expect(existsSync(home.db)).toBe(false)
})

test('accepting a store that nobody put back forgets no event', async () => {
  const home = await twoDays()
  const before = await home.open()
  const events = await admin(before).audit.query({ limit: 1_000 })
  await before.close()
  expect((await acceptRestored({ ...home.options, actor: ADMIN })).ok).toBe(true)
  const after = await admin(await home.open()).audit.query({ limit: 1_000 })
  expect(after.slice(0, events.length)).toEqual(events)
})

/** Seeded, so that a failure can be repeated. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

test('a flipped bit anywhere in the file yields the right value or a code of ours', async () => {
  const home = await newHome()
  const first = await home.open()
  const right = new Map<string, string>()
  for (let i = 0; i < 12; i++) {
    right.set(`shop/s${i}`, `value ${i}`)
    await admin(first).write(`shop/s${i}`, { value: `value ${i}` })
  }
  await first.close()
  const file = readFileSync(home.db)
  const random = numbers(20_261_122)
  const codes = new Map<string, number>()
  const count = (code: string) => codes.set(code, (codes.get(code) ?? 0) + 1)
  const audit = join(home.dir, 'audit-kept')
  copyFolder(home.auditDir, audit)
  for (let round = 0; round < 150; round++) {
    const damaged = Buffer.from(file)
    const at = Math.floor(random.next().value! * damaged.length)
    damaged[at] = damaged[at]! ^ (1 << Math.floor(random.next().value! * 8))
    rmSync(home.auditDir, { recursive: true, force: true })
    copyFolder(audit, home.auditDir)
    for (const name of ['coffer.db-wal', 'coffer.db-shm']) {
      rmSync(join(home.dataDir, name), { force: true })
    }
    writeFileSync(home.db, damaged)
    let platform: Platform | undefined
    try {
      platform = await home.open()
      const coffer = admin(platform)
      for (const answer of await coffer.readMany([...right.keys()].map((path) => ({ path })))) {
        if ('error' in answer) throw answer.error
        if (answer.value === undefined) count('absent')
        else expect(answer.value.secret.reveal()).toBe(right.get(answer.value.path))
      }
      await coffer.list()
      await coffer.write('shop/new', { value: 'x' })
      const { ok } = await platform.doctor()
      count(ok ? 'sound' : 'found by doctor')
    } catch (error) {
      if (!isCofferError(error)) throw new Error(`byte ${at}: ${String(error)}`, { cause: error })
      expect(error.code, `byte ${at}: ${error.message}`).not.toBe('internal')
      count(error.code)
    } finally {
      await platform?.close()
    }
  }
  expect(codes.get('corrupt')).toBeGreaterThan(10)
  expect(codes.get('sound')).toBeGreaterThan(5)
})

test('damage where no row is, which only a later write would meet, is found by doctor', async () => {
  const home = await newHome()
  const first = await home.open()
  const coffer = admin(first)
  await coffer.write('shop/a', { value: 'x' })
  const paths = Array.from({ length: 40 }, (_, i) => `shop/gone${i}`)
  await coffer.writeMany(paths.map((path) => ({ path, input: { value: 'x'.repeat(4_000) } })))
  for (const path of paths) await coffer.purge(path)
  await first.close()
  const damaged = readFileSync(home.db)
  const firstFreePage = damaged.readUInt32BE(32)
  expect(firstFreePage).toBeGreaterThan(0)
  const at = (firstFreePage - 1) * damaged.readUInt16BE(16)
  damaged.fill(0xff, at, at + 8)
  writeFileSync(home.db, damaged)
  const second = await home.open()
  expect(await valueAt(admin(second), 'shop/a')).toBe('x')
  const { ok, checks } = await second.doctor()
  expect(ok).toBe(false)
  expect(checks.filter((check) => !check.ok)).toMatchObject([{ code: 'corrupt' }])
})
