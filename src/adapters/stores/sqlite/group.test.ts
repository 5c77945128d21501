import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Store, StoreWriter } from '../../../core/ports/store.ts'
import { openSqliteStore } from '../sqlite.ts'
import { Connection } from './connection.ts'
import { type Waiting, carryOutTogether } from './group.ts'

async function opened(): Promise<{ readonly store: Store; readonly file: string }> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-group-'))
  const file = path.join(scratch, 'store.db')
  const store = await openSqliteStore({ file })
  onTestFinished(async () => {
    await store.close()
    rmSync(scratch, { recursive: true, force: true })
  })
  return { store, file }
}

const put = (at: string) => (rows: StoreWriter) =>
  rows.putHead({ kind: 'secret', path: at, head: Buffer.from(at), generation: 1 })

const pathsIn = (store: Store) =>
  store.read(async (rows) =>
    (await rows.heads({ kind: 'secret', limit: 99 })).map((row) => row.path),
  )

/** Of the WAL's frames those that end a transaction: https://www.sqlite.org/fileformat2.html#walformat */
function commitsIn(file: string): number {
  const wal = readFileSync(`${file}-wal`)
  const pageBytes = wal.readUInt32BE(8)
  const salts = wal.subarray(16, 24)
  let commits = 0
  for (let at = 32; at + 24 + pageBytes <= wal.length; at += 24 + pageBytes) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) break
    if (wal.readUInt32BE(at + 4) > 0) commits += 1
  }
  return commits
}

test('writes that wait at the same time become durable by one commit, 32 at most', async () => {
  const { store, file } = await opened()
  await store.write(put('first'))
  const before = commitsIn(file)
  const names = Array.from({ length: 40 }, (_, i) => `p${i}`)
  await Promise.all(names.map((name) => store.write(put(name))))
  expect(commitsIn(file) - before).toBe(2)
  expect(await pathsIn(store)).toHaveLength(41)
})

test('one that rejects is taken back alone, also the first and what it did before', async () => {
  const { store, file } = await opened()
  const failing = (name: string) => async (rows: StoreWriter) => {
    await put(name)(rows)
    throw new Error(name)
  }
  const before = commitsIn(file)
  const settled = await Promise.allSettled([
    store.write(failing('a')),
    store.write(put('b')),
    store.write(failing('c')),
    store.write(put('d')),
    store.write(async (rows) => (await rows.head('secret', 'b'))?.path),
  ])
  expect(settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason))).toEqual([
    new Error('a'),
    undefined,
    new Error('c'),
    undefined,
    'b',
  ])
  expect(await pathsIn(store)).toEqual(['b', 'd'])
  expect(commitsIn(file) - before).toBe(1)
})

test('when they cannot be committed, all of them are refused and nothing of them is left', async () => {
  const { store, file } = await opened()
  await store.write(put('kept'))
  const refusedAs = async (work: (rows: StoreWriter) => Promise<void>): Promise<unknown> =>
    store.write(work).then(
      () => 'written',
      (error: unknown) => (error as { code?: string }).code ?? 'its own',
    )
  const outcomes = await Promise.all([
    refusedAs(put('a')),
    refusedAs(async () => {
      throw new Error('follows from what is gone')
    }),
    refusedAs(async () => renameSync(file, `${file}.away`)),
  ])
  renameSync(`${file}.away`, file)
  expect(outcomes).toEqual(Array(3).fill('store_unavailable'))
  expect(await pathsIn(store)).toEqual(['kept'])
  await store.write(put('later'))
  expect(await pathsIn(store)).toEqual(['kept', 'later'])
})

test('one with a failed statement that it hid is refused, and the others stay', async () => {
  const { store } = await opened()
  await store.write(put('kept'))
  const wrong = { generation: 1.5, accessGeneration: 0, seal: new Uint8Array() }
  const outcomes = await Promise.allSettled([
    store.write(put('a')),
    store.write(async (rows) => {
      await put('b')(rows)
      await rows.putState(wrong).catch(() => {})
    }),
    store.write(put('c')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await pathsIn(store)).toEqual(['a', 'c', 'kept'])
})

test('what SQLite has taken back by itself is refused for all, and none begins behind it', async () => {
  const { store, file } = await opened()
  const connection = new Connection(file, 1_024)
  onTestFinished(() => connection.close())
  const full = new Error('full')
  const queue: Waiting[] = [
    { work: put('a') },
    {
      work: async () => {
        connection.rollback()
        throw full
      },
    },
    { work: put('c') },
  ]
  const [first, second, third] = queue
  connection.run('beginImmediate')
  await carryOutTogether(queue, connection, () => connection.run('commit'))
  for (const each of [first, second]) expect(each?.outcome).toEqual({ done: false, error: full })
  expect(queue).toEqual([third])
  expect(await pathsIn(store)).toEqual([])
})

test('a write goes on after a lease that was asked for between two', async () => {
  const { store } = await opened()
  const [, lease] = await Promise.all([
    store.write(put('a')),
    store.lease('sweep', 'me', 0, 1_000),
    store.write(put('b')),
  ])
  expect(lease).toBe(true)
  expect(await pathsIn(store)).toEqual(['a', 'b'])
})
