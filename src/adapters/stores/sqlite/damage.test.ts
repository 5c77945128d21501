import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CofferError } from '../../../core/errors.ts'
import type { Store } from '../../../core/ports/store.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { dumpStore } from '../../../testing/store-log.ts'
import { openSqliteStore } from '../sqlite.ts'
import { Connection } from './connection.ts'
import { storeError } from './errors.ts'
import { SCHEMA } from './schema.sql.ts'
import { fillSlot } from './slots.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-damage-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const whole = path.join(scratch, 'whole.db')
const file = path.join(scratch, 'coffer.db')
const random = seededRandom('damage')
const roll = (n: number): number => Buffer.from(random(4)).readUInt32BE() % n

beforeAll(async () => {
  const store = await openSqliteStore({ file: whole })
  await fill(store, 0)
  await store.close()
})

async function fill(store: Store, from: number): Promise<void> {
  await store.write(async (rows) => {
    await rows.putState({ generation: 1, accessGeneration: 1, seal: random(40) })
    await rows.putBlob('keyring', random(200))
    for (let i = from; i < from + 60; i++) {
      const id = Buffer.from(random(16)).toString('hex')
      const envelope = random(roll(30) ? 200 : 6_000)
      await rows.putVersion({ id, version: 1, path: `a/${i}`, term: 1 + (i % 2), envelope })
      const row = { kind: 'secret', path: `a/${i}`, head: random(150), generation: i } as const
      await rows.putHead(row, { id, current: 1 })
    }
    await rows.appendOutbox({ generation: from + 1, event: '{"a":1}' })
  })
}

/** Opens the file, reads all of it and writes; the code of the first error, or `none`. */
async function tryAll(): Promise<string> {
  try {
    const store = await openSqliteStore({ file, mustExist: true, busyTimeoutMs: 0 })
    try {
      await dumpStore(store)
      await store.write(async (rows) => {
        await rows.putState({ generation: 2, accessGeneration: 1, seal: new Uint8Array(2_000) })
        for (const row of (await rows.versions(undefined, 1_000)).rows) {
          await rows.putVersion({ ...row, term: 2 })
        }
        await rows.putHead({ kind: 'role', path: 'r', head: new Uint8Array(9), generation: 2 })
        await rows.trimOutbox(99)
      })
      return 'none'
    } finally {
      await store.close()
    }
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    return error.code
  }
}

// byte 18 of the header says whether the file may be written
const KNOWN = ['none', 'corrupt', 'store_newer', 'store_missing', 'store_read_only']

describe('a damaged file', () => {
  it('gives a defined error or its rows, whichever byte it is', async () => {
    const bytes = readFileSync(whole)
    const seen = new Map<string, number>()
    // every byte of the header, then some of each page
    const places = Array.from({ length: 100 }, (_, i) => i)
    for (let page = 0; page < bytes.length; page += 4_096) {
      places.push(page + roll(16), page + roll(120), page + roll(4_096))
    }
    for (const place of places) {
      const damaged = Buffer.from(bytes)
      damaged[place]! ^= 1 << roll(8)
      rmSync(`${file}-wal`, { force: true })
      rmSync(`${file}-shm`, { force: true })
      writeFileSync(file, damaged)
      const code = await tryAll()
      expect(KNOWN, `byte ${place}`).toContain(code)
      seen.set(code, (seen.get(code) ?? 0) + 1)
    }
    expect(seen.get('corrupt')).toBeGreaterThan(40)
    expect(seen.get('none')).toBeGreaterThan(50)
  })

  it('gives a defined error or its rows, wherever it is cut', async () => {
    const { length } = readFileSync(whole)
    for (let size = 0; size < length; size += 1 + roll(length >> 4)) {
      rmSync(`${file}-wal`, { force: true })
      copyFileSync(whole, file)
      truncateSync(file, size)
      expect(KNOWN, `cut at ${size}`).toContain(await tryAll())
    }
  })

  it('gives rows of some commit when its WAL is damaged or cut', async () => {
    const live = path.join(scratch, 'live.db')
    copyFileSync(whole, live)
    const store = await openSqliteStore({ file: live })
    await fill(store, 500)
    const wal = readFileSync(`${live}-wal`)
    expect(wal.length).toBeGreaterThan(20_000)
    for (let i = 0; i < 40; i++) {
      const damaged = Buffer.from(wal)
      damaged[i < 24 ? i : roll(wal.length)]! ^= 1 << roll(8)
      copyFileSync(live, file)
      rmSync(`${file}-shm`, { force: true })
      writeFileSync(`${file}-wal`, i % 4 === 3 ? damaged.subarray(0, roll(wal.length)) : damaged)
      expect(['none', 'corrupt']).toContain(await tryAll())
    }
    await store.close()
  })
})

it('what fills a slot up is zeroes, whole and less than 64 bytes, or the slot is corrupt', async () => {
  const [name, bytes] = ['keyring', new Uint8Array(150).fill(7)]
  const filled = path.join(scratch, 'filled.db')
  const store = await openSqliteStore({ file: filled })
  await store.write((rows) => rows.putBlob(name, bytes))
  await store.close()
  const connection = new DatabaseSync(filled)
  const body = connection.prepare('SELECT body FROM slots').get()!['body'] as Uint8Array
  connection.close()
  const used = body.lastIndexOf(7) + 1
  expect([body.length, used < body.length]).toEqual([192, true])
  const answer = async (changed: Uint8Array) => {
    copyFileSync(filled, file)
    const changing = new DatabaseSync(file)
    changing.prepare('UPDATE slots SET body = ?').run(changed)
    changing.close()
    const opened = await openSqliteStore({ file })
    try {
      return await opened.read((rows) => rows.blob(name)).catch((error: CofferError) => error.code)
    } finally {
      await opened.close()
    }
  }
  expect(await answer(body)).toEqual(bytes)
  for (let at = used; at < body.length; at++) {
    const flipped = Uint8Array.from(body)
    flipped[at]! ^= 1 << (at % 8)
    expect(await answer(flipped)).toBe('corrupt')
  }
  expect(await answer(Buffer.concat([body, new Uint8Array(64)]))).toBe('corrupt')
})

describe('an error of SQLite', () => {
  it('has its own code, and its message names nothing but the file', () => {
    const of = (errcode: number): string => {
      const raw = Object.assign(new Error('near "s3cr3t"'), { code: 'ERR_SQLITE_ERROR', errcode })
      const error = storeError(raw, file)
      expect(error.message).toContain(file)
      expect(error.message).not.toContain('s3cr3t')
      return error.code
    }
    expect([5, 6, 261, 517, 15].map(of)).toEqual(Array(5).fill('store_busy'))
    expect([8, 264, 1032].map(of)).toEqual(Array(3).fill('store_read_only'))
    expect([10, 266, 1034, 14].map(of)).toEqual(Array(4).fill('store_unavailable'))
    expect([1, 11, 267, 26].map(of)).toEqual(Array(4).fill('corrupt'))
    expect([13].map(of)).toEqual(['store_full'])
    expect([7, 19, 21, 25].map(of)).toEqual(Array(4).fill('internal'))
  })

  it('of the file system too', () => {
    const of = (code: string): string =>
      storeError(Object.assign(new Error('x'), { code, errno: -1 }), file).code
    expect(['EACCES', 'EROFS', 'ENOSPC', 'EIO', 'ENOTDIR'].map(of)).toEqual([
      'store_read_only',
      'store_read_only',
      'store_full',
      'store_unavailable',
      'store_unavailable',
    ])
    expect(storeError(new TypeError('x'), file).code).toBe('internal')
  })

  it('that is a full disk leaves the connection usable and the rows as they were', () => {
    const full = path.join(scratch, 'full.db')
    writeFileSync(full, '')
    const connection = new Connection(full, 1_024)
    connection.exec(SCHEMA)
    connection.exec('PRAGMA max_page_count = 20')
    const put = (name: string, length: number): void => {
      fillSlot(connection, { id: name, version: 0, term: 0 }, '', new Uint8Array(length))
    }
    put('a', 9)
    connection.run('beginImmediate')
    put('b', 9)
    expect(() => put('c', 200_000)).toThrow(expect.objectContaining({ code: 'store_full' }))
    connection.rollback()
    expect(connection.get('blob', 'b')).toBeUndefined()
    expect(connection.get('blob', 'a')).toBeDefined()
    put('b', 9)
    connection.close()
  })
})

it('a write whose callback hides a failed statement is refused as a whole', async () => {
  const store = await openSqliteStore({ file: path.join(scratch, 'hidden.db') })
  const wrong = { generation: 1.5, accessGeneration: 0, seal: new Uint8Array() }
  const hiding = store.write(async (rows) => {
    await rows.putBlob('a', new Uint8Array(1))
    await rows.putState(wrong).catch(() => {})
    await rows.putBlob('c', new Uint8Array(1)).catch(() => {})
  })
  await expect(hiding).rejects.toMatchObject({ code: 'internal' })
  const left = await store.read(async (rows) => [await rows.blob('a'), await rows.blob('c')])
  expect(left).toEqual([undefined, undefined])
  await store.write((rows) => rows.putBlob('a', new Uint8Array(1)))
  await store.close()
})

it('a version that looks free by damage is not written over', async () => {
  const store = await openSqliteStore({ file })
  const row = { id: 'aa', version: 1, path: 'a', term: 1, envelope: new Uint8Array(80).fill(5) }
  await store.write(async (rows) => {
    await rows.putVersion(row)
    await rows.putVersion({ ...row, version: 2 })
    await rows.removeVersion('aa', 2)
  })
  await store.close()
  const db = new DatabaseSync(file)
  db.exec("UPDATE slots SET term = (SELECT term FROM slots WHERE id = '~~') WHERE id = 'aa'")
  db.close()
  const again = await openSqliteStore({ file })
  for (const version of [3, 4]) await again.write((rows) => rows.putVersion({ ...row, version }))
  const found = await again.read((rows) => rows.version('aa', 1))
  expect(found?.envelope).toEqual(row.envelope)
  await again.close()
})

it('what an index takes for another version is not erased in its place', async () => {
  const taken = path.join(scratch, 'taken.db')
  const store = await openSqliteStore({ file: taken })
  const [mine, other] = ['a1'.repeat(16), 'b2'.repeat(16)]
  const row = { version: 1, path: 'a', term: 1, envelope: new Uint8Array(80).fill(5) }
  await store.write(async (rows) => {
    await rows.putVersion({ ...row, id: mine })
    await rows.putVersion({ ...row, id: other })
  })
  await store.close()
  const bytes = readFileSync(taken)
  const placesOf = (id: string) => [...bytes.toString('latin1').matchAll(new RegExp(id, 'g'))]
  const tried: (readonly [string, number])[] = []
  // Each has its row and an entry in the index: any of the two entries may lead to the wrong row.
  for (const mineAt of placesOf(mine)) {
    for (const otherAt of placesOf(other)) {
      const damaged = Uint8Array.from(bytes)
      damaged.set(Buffer.from('00'.repeat(16)), mineAt.index)
      damaged.set(Buffer.from(mine), otherAt.index)
      writeFileSync(taken, damaged)
      const again = await openSqliteStore({ file: taken })
      const removal = again.write((rows) => rows.removeVersion(mine, 1))
      const code = await removal.then(
        () => 'none',
        (error: CofferError) => error.code,
      )
      const { rows } = await again.read((reader) => reader.versions(undefined, 9))
      tried.push([code, rows.filter(({ envelope }) => envelope.every((b) => b === 5)).length])
      await again.close()
    }
  }
  expect(tried).toHaveLength(4)
  const refused = tried.filter(([code]) => code === 'corrupt')
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.filter(([, left]) => left !== 2)).toEqual([])
})
