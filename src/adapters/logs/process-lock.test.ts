import { spawnSync } from 'node:child_process'
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
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

test('where SQLite deletes the shared memory between two looks, the lock stays and is taken', async () => {
  let isDeleted = false
  const removed: string[] = []
  const fs: LogFs = {
    ...nodeFs,
    stat(file) {
      const found = nodeFs.stat(file)
      if (found !== undefined && file.endsWith('-shm') && !isDeleted) {
        rmSync(file)
        isDeleted = true
      }
      return found
    },
    remove: (file) => removed.push(file),
  }
  const lock = new ProcessLock(path.join(dir, 'lock'), fs, { random: seededRandom('lock') })
  locks.push(lock)
  await lock.acquire()
  expect([isDeleted, removed]).toEqual([true, []])
  expect((await refusalOf(() => lockOf(20).acquire())).code).toBe('audit_unavailable')
})

test('where the directory cannot be looked at the lock is let go', async () => {
  let isLost = true
  const fs: LogFs = {
    ...nodeFs,
    stamp(directory) {
      if (isLost) throw Object.assign(new Error('lost'), { code: 'EIO' })
      return nodeFs.stamp(directory)
    },
  }
  const lock = new ProcessLock(path.join(dir, 'lock'), fs, { random: seededRandom('lock') })
  locks.push(lock)
  await expect(lock.acquire()).rejects.toThrow('lost')
  const other = lockOf(20)
  await other.acquire()
  other.release()
  isLost = false
  await lock.acquire()
})

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

test('the shared memory finds no room where files may not grow: SQLite has its own word for it', () => {
  const program = `
    import { ProcessLock } from '${import.meta.dirname}/process-lock.ts'
    import { nodeFs } from '${import.meta.dirname}/log-fs.ts'
    let asked = 0
    const options = { random: () => new Uint8Array(1), makeRoom: () => (asked += 1) }
    const refused = await new ProcessLock(process.argv[1], nodeFs, options).acquire().catch((e) => e)
    console.log(asked, refused.code, refused.message)`
  // In KiB: a page of the database fits, the 32 KiB of memory do not.
  const limited = 'ulimit -f 16; exec "$0" --input-type=module -e "$@"'
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', limited, process.execPath, program, path.join(dir, 'lock')],
    { encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^1 audit_unavailable .*disk I\/O error/)
})

test.each([
  ['no database', () => Buffer.from('rubbish '.repeat(512))],
  ['a damaged database', () => damagedDatabase()],
])('a lock that is %s is told of with its remedy, and no room is made for it', async (_, made) => {
  writeFileSync(path.join(dir, 'lock'), made())
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
  expect(filesOpenIn(dir)).toEqual([])
  rmSync(path.join(dir, 'lock'))
  await lock.acquire()
})

/** Its header is whole, the page of its schema is of no kind that there is. */
function damagedDatabase(): Uint8Array {
  const file = path.join(dir, 'damaged')
  const database = new DatabaseSync(file)
  database.exec('PRAGMA user_version = 1')
  database.close()
  const bytes = readFileSync(file)
  bytes[100] = 0xff
  return bytes
}

/** What this process has open there, where the system tells. */
function filesOpenIn(directory: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    const file = linkOf(`/proc/self/fd/${fd}`)
    return file.startsWith(directory) ? file : []
  })
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}

test('where no lock can be made the answer says so', async () => {
  const lock = new ProcessLock(path.join(dir, 'none', 'lock'), nodeFs, {
    random: seededRandom('lock'),
    timeoutMs: 20,
  })
  expect((await refusalOf(() => lock.acquire())).code).toBe('audit_unavailable')
})
