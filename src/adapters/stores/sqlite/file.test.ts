import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../core/ports/store.ts'
import { asNobody, canBeNobody } from '../../../testing/as-nobody.ts'
import { refusalOf } from '../../../testing/refusal.ts'
import { openSqliteStore } from '../sqlite.ts'
import { SCHEMA_VERSION } from './schema.sql.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-file-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let file: string
let made = 0
beforeEach(() => {
  file = path.join(scratch, `${++made}`, 'data', 'coffer.db')
})

const putState = (store: Store, generation: number): Promise<void> =>
  store.write((rows) => rows.putState({ generation, accessGeneration: 0, seal: new Uint8Array() }))
const modeOf = (name: string): string => (statSync(name).mode & 0o777).toString(8)
const openingFails = (options = {}): Promise<string> =>
  refusalOf(() => openSqliteStore({ file, ...options })).then((error) => error.code)

async function makeStore(generation: number): Promise<void> {
  const store = await openSqliteStore({ file })
  await putState(store, generation)
  await store.close()
}

it('makes files that only their owner can read, and closes to a single one', async () => {
  const before = process.umask(0)
  try {
    const store = await openSqliteStore({ file })
    await putState(store, 1)
    const files = readdirSync(path.dirname(file))
    expect(files.toSorted()).toEqual(['coffer.db', 'coffer.db-shm', 'coffer.db-wal'])
    for (const name of files) expect(modeOf(path.join(path.dirname(file), name))).toBe('600')
    expect(modeOf(path.dirname(file))).toBe('700')
    await store.close()
    expect(readdirSync(path.dirname(file))).toEqual(['coffer.db'])
  } finally {
    process.umask(before)
  }
})

describe('mustExist', () => {
  it('refuses an absent, an empty and a blank file, and makes nothing', async () => {
    expect(await openingFails({ mustExist: true })).toBe('store_missing')
    expect(existsSync(path.dirname(file))).toBe(false)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, '')
    expect(await openingFails({ mustExist: true })).toBe('store_missing')
    expect(statSync(file).size).toBe(0)
    // what a crash between the two steps of making a store leaves
    new DatabaseSync(file).exec('PRAGMA journal_mode = WAL')
    expect(await openingFails({ mustExist: true })).toBe('store_missing')
  })

  it('opens what is there', async () => {
    await makeStore(4)
    const store = await openSqliteStore({ file, mustExist: true })
    expect((await store.read((rows) => rows.state()))?.generation).toBe(4)
    await store.close()
  })
})

describe('what is not a store of ours', () => {
  it('is refused as corrupt and left as it is', async () => {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, 'These are notes, not a database. '.repeat(99))
    const before = readFileSync(file)
    expect(await openingFails()).toBe('corrupt')
    expect(readFileSync(file)).toEqual(before)
    writeFileSync(file, '')
    const database = new DatabaseSync(file)
    database.exec('CREATE TABLE someone_elses (a)')
    database.close()
    expect(await openingFails()).toBe('corrupt')
    expect(await openingFails({ mustExist: true })).toBe('corrupt')
  })

  it('is store_newer when a newer Coffer made it', async () => {
    await makeStore(1)
    const database = new DatabaseSync(file)
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`)
    database.close()
    expect(await openingFails()).toBe('store_newer')
  })

  it('is an error when it is a directory, or below a file', async () => {
    mkdirSync(file, { recursive: true })
    expect(await openingFails()).toBe('store_unavailable')
    rmSync(file, { recursive: true })
    writeFileSync(file, 'x')
    file = path.join(file, 'coffer.db')
    expect(await openingFails()).toBe('store_unavailable')
    expect(await openingFails({ mustExist: true })).toMatch(/^store_(unavailable|missing)$/)
  })

  it.skipIf(!canBeNobody())('is store_read_only where nothing can be made', async () => {
    const directory = path.dirname(path.dirname(file))
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, 0o500)
    expect(await asNobody(scratch, openingFails)).toBe('store_read_only')
    chmodSync(directory, 0o700)
  })
})

describe('a file that changes behind our back', () => {
  const everyWayIn = (store: Store): (() => unknown)[] => [
    () => putState(store, 9),
    () => store.read((rows) => rows.state()),
    () => store.lease('sweep', 'me', 0, 1),
    () => store.scrub(),
    () => store.current('a'),
  ]
  const codes = async (store: Store): Promise<string[]> => {
    const found: string[] = []
    for (const call of everyWayIn(store)) {
      found.push((await refusalOf(async () => call())).code)
    }
    return found
  }

  it('is refused as rolled back when another was moved there, and is not written', async () => {
    await makeStore(1)
    copyFileSync(file, `${file}.yesterday`)
    let nowMs = 0
    const store = await openSqliteStore({ file, now: () => nowMs })
    await putState(store, 2)
    await store.current('a')
    renameSync(`${file}.yesterday`, file)
    const before = readFileSync(file)
    nowMs += 100
    expect(await codes(store)).toEqual(Array(5).fill('store_rolled_back'))
    expect(readFileSync(file)).toEqual(before)
    await store.close()
  })

  it('is refused as unavailable when it was deleted, and works again when it is back', async () => {
    await makeStore(1)
    let nowMs = 0
    const store = await openSqliteStore({ file, now: () => nowMs })
    expect(store.current('a')).toMatchObject({ generation: 1 })
    renameSync(file, `${file}.away`)
    nowMs += 100
    expect(await codes(store)).toEqual(Array(5).fill('store_unavailable'))
    expect(existsSync(file)).toBe(false)
    renameSync(`${file}.away`, file)
    await putState(store, 3)
    expect(store.current('a')).toMatchObject({ generation: 3 })
    await store.close()
  })

  it.each(['', '-wal'])('is noticed after its directory was left alone (%s)', async (suffix) => {
    await makeStore(1)
    const store = await openSqliteStore({ file })
    await new Promise((resolve) => setTimeout(resolve, 120))
    await putState(store, 2)
    await putState(store, 3)
    renameSync(`${file}${suffix}`, `${file}.away`)
    await expect(putState(store, 4)).rejects.toMatchObject({ code: 'store_unavailable' })
    await new Promise((resolve) => setTimeout(resolve, 120))
    await expect(putState(store, 4)).rejects.toMatchObject({ code: 'store_unavailable' })
    renameSync(`${file}.away`, `${file}${suffix}`)
    await putState(store, 4)
    await store.close()
  })

  it('is refused when its WAL is gone: what is written there would be lost', async () => {
    await makeStore(1)
    let nowMs = 0
    const store = await openSqliteStore({ file, now: () => nowMs })
    await putState(store, 2)
    rmSync(`${file}-wal`)
    nowMs += 100
    expect(await codes(store)).toEqual(Array(5).fill('store_unavailable'))
    await store.close()
  })

  it('is refused before the commit when it changes during a write', async () => {
    await makeStore(1)
    const store = await openSqliteStore({ file })
    const writing = store.write(async (rows) => {
      await rows.putState({ generation: 2, accessGeneration: 0, seal: new Uint8Array() })
      renameSync(file, `${file}.away`)
    })
    await expect(writing).rejects.toMatchObject({ code: 'store_unavailable' })
    renameSync(`${file}.away`, file)
    expect((await store.read((rows) => rows.state()))?.generation).toBe(1)
    await store.close()
  })

  it('is noticed by current within so many calls when no time passes', async () => {
    await makeStore(1)
    const store = await openSqliteStore({ file, now: () => 0 })
    await store.current('a')
    renameSync(file, `${file}.away`)
    const look = async (): Promise<void> => {
      for (let i = 0; i <= 1_000; i++) await store.current('a')
    }
    await expect(look()).rejects.toMatchObject({ code: 'store_unavailable' })
    await store.close()
  })
})

it('counts versions in pieces, all of them', async () => {
  const store = await openSqliteStore({ file })
  const envelope = new Uint8Array(9)
  const count = 20_005
  await store.write(async (rows) => {
    for (let version = 1; version <= count; version++) {
      await rows.putVersion({ id: 'aa', version, path: 'a', term: 2 - (version % 2), envelope })
    }
  })
  expect(await store.read((rows) => rows.terms())).toEqual([
    { term: 1, versions: 10_003 },
    { term: 2, versions: 10_002 },
  ])
  await store.close()
})
