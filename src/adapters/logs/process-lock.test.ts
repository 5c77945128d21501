import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { type LogFs, nodeFs } from './log-fs.ts'
import { ProcessLock } from './process-lock.ts'

let dir: string
let locks: ProcessLock[]
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'coffer-lock-'))
  locks = []
})
afterEach(() => {
  for (const lock of locks) lock.close()
  rmSync(dir, { recursive: true })
})

function lockOf(timeoutMs: number): ProcessLock {
  const lock = new ProcessLock(path.join(dir, 'lock'), nodeFs, {
    random: seededRandom('lock'),
    timeoutMs,
  })
  locks.push(lock)
  return lock
}

test('there is one holder at a time, and the next one gets it when it is released', async () => {
  const [a, b] = [lockOf(5_000), lockOf(5_000)]
  await a.acquire()
  let got = false
  const waiting = b.acquire().then(() => (got = true))
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(got).toBe(false)
  a.release()
  await waiting
  b.release()
})

test('two calls of one process exclude each other as well', async () => {
  const lock = lockOf(20)
  await lock.acquire()
  expect((await refusalOf(() => lock.acquire())).code).toBe('audit_unavailable')
})

test('waiting ends after the time that was given, and later calls work', async () => {
  const [a, b] = [lockOf(20), lockOf(20)]
  await a.acquire()
  expect((await refusalOf(() => b.acquire())).code).toBe('audit_unavailable')
  a.release()
  await b.acquire()
})

test('it waits auditLockTimeoutMs in all, a few milliseconds at a time, and no longer', async () => {
  await lockOf(20).acquire()
  const pausesMs: number[] = []
  const lock = new ProcessLock(path.join(dir, 'lock'), nodeFs, {
    random: seededRandom('pauses'),
    pause: async (ms) => pausesMs.push(ms),
  })
  locks.push(lock)
  expect((await refusalOf(() => lock.acquire())).message).toContain(`${LIMITS.auditLockTimeoutMs}`)
  const waitedMs = pausesMs.reduce((sum, ms) => sum + ms, 0)
  expect(waitedMs).toBeGreaterThanOrEqual(LIMITS.auditLockTimeoutMs)
  expect(waitedMs).toBeLessThan(LIMITS.auditLockTimeoutMs + 8)
  expect([Math.min(...pausesMs), Math.max(...pausesMs)]).toEqual([1, 8])
})

test('its files are its own, and only the lock is left behind', async () => {
  const lock = lockOf(20)
  await lock.acquire()
  expect(readdirSync(dir).toSorted()).toEqual(['lock', 'lock-shm', 'lock-wal'])
  lock.close()
  expect(readdirSync(dir)).toEqual(['lock'])
})

test.each([
  ['a lock file', ['lock']],
  ['the memory that holders share', ['lock-shm']],
  ['every file of the lock', ['lock', 'lock-shm', 'lock-wal']],
])(
  '%s that was removed is noticed: nobody holds a lock that others cannot see',
  async (_, names) => {
    const [a, b] = [lockOf(20), lockOf(20)]
    await a.acquire()
    a.release()
    for (const name of names) rmSync(path.join(dir, name))
    await b.acquire()
    expect((await refusalOf(() => a.acquire())).code).toBe('audit_unavailable')
    b.release()
    await a.acquire()
  },
)

test('what is held after the shared memory was removed, other processes see', async () => {
  const [a, b] = [lockOf(20), lockOf(20)]
  for (const lock of [a, b]) {
    await lock.acquire()
    lock.release()
  }
  rmSync(path.join(dir, 'lock-shm'))
  await a.acquire()
  const other = `
    const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
    new DatabaseSync(process.argv[1], { timeout: 0 }).exec('BEGIN IMMEDIATE')`
  const take = () => spawnSync(process.execPath, ['-e', other, path.join(dir, 'lock')])
  expect(take().stderr.toString()).toContain('database is locked')
  a.release()
  expect(take().status).toBe(0)
  await b.acquire()
  expect(take().stderr.toString()).toContain('database is locked')
})

test('a file that an earlier version left empty excludes as well, that version too', async () => {
  const file = path.join(dir, 'lock')
  writeFileSync(file, '')
  const earlier = new DatabaseSync(file, { timeout: 0 })
  const lock = lockOf(20)
  try {
    earlier.exec('BEGIN EXCLUSIVE')
    expect((await refusalOf(() => lock.acquire())).code).toBe('audit_unavailable')
    earlier.exec('ROLLBACK')
    await lock.acquire()
    expect(() => earlier.exec('BEGIN EXCLUSIVE')).toThrow('locked')
    lock.release()
    earlier.exec('BEGIN EXCLUSIVE')
  } finally {
    earlier.close()
  }
})

test('a lock that was emptied while it was open excludes again, without a restart', async () => {
  const [a, b] = [lockOf(5_000), lockOf(5_000)]
  for (const lock of [a, b]) {
    await lock.acquire()
    lock.release()
  }
  truncateSync(path.join(dir, 'lock'))
  const both = Promise.all([
    a.acquire().then(() => a.release()),
    b.acquire().then(() => b.release()),
  ])
  await both
  await a.acquire()
  expect((await refusalOf(() => lockOf(20).acquire())).code).toBe('audit_unavailable')
})

test('where its files find no room it asks for some, once', async () => {
  let asked = 0
  let full = true
  const fs: LogFs = {
    ...nodeFs,
    open(file, how) {
      if (full) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      return nodeFs.open(file, how)
    },
  }
  const make = (makeRoom: () => void) => {
    const random = seededRandom('lock')
    const lock = new ProcessLock(path.join(dir, 'lock'), fs, { random, makeRoom })
    locks.push(lock)
    return lock
  }
  const stuck = make(() => (asked += 1))
  expect((await refusalOf(() => stuck.acquire())).message).toContain('ENOSPC')
  expect(asked).toBe(1)
  await make(() => (full = false)).acquire()
})

test('a lock that is no database is told of with its remedy, and no room is made for it', async () => {
  writeFileSync(path.join(dir, 'lock'), 'rubbish '.repeat(512))
  let asked = 0
  const random = seededRandom('lock')
  const makeRoom = () => (asked += 1)
  const lock = new ProcessLock(path.join(dir, 'lock'), nodeFs, { random, makeRoom })
  locks.push(lock)
  const refusal = await refusalOf(() => lock.acquire())
  expect([refusal.code, refusal.remedy]).toEqual([
    'audit_unavailable',
    expect.stringContaining('remove `lock`'),
  ])
  expect(asked).toBe(0)
  rmSync(path.join(dir, 'lock'))
  await lock.acquire()
})

test('where no lock can be made the answer says so', async () => {
  const lock = new ProcessLock(path.join(dir, 'none', 'lock'), nodeFs, {
    random: seededRandom('lock'),
    timeoutMs: 20,
  })
  expect((await refusalOf(() => lock.acquire())).code).toBe('audit_unavailable')
})
