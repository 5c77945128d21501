import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import type { Store, StoreWriter } from '../../../core/ports/store.ts'
import { openSqliteStore } from '../sqlite.ts'
import { Connection } from './connection.ts'
import { type Waiting, carryOutTogether } from './group.ts'

/** Its clock stands still unless said otherwise: a slow machine makes no smaller groups. */
async function opened(
  now: () => number = () => 0,
  busyTimeoutMs?: number,
): Promise<{ readonly store: Store; readonly file: string }> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-group-'))
  const file = path.join(scratch, 'store.db')
  const store = await openSqliteStore({ file, now, busyTimeoutMs })
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
  const first: Waiting = { work: put('a') }
  const second: Waiting = {
    work: async () => {
      connection.rollback()
      throw new Error('in its own words')
    },
  }
  const third: Waiting = { work: put('c') }
  const behind = [second, third]
  connection.run('beginImmediate')
  const commit = () => void connection.run('commit')
  await carryOutTogether({ first, behind, connection, now: () => 0, commit })
  for (const { outcome } of [first, second]) {
    expect(outcome).toMatchObject({ done: false, error: { code: 'store_unavailable' } })
  }
  expect(behind).toEqual([third])
  expect(await pathsIn(store)).toEqual([])
})

test('nobody is taken along once the others have taken long', async () => {
  let nowMs = 0
  const { store, file } = await opened(() => nowMs)
  const before = commitsIn(file)
  const slow = (at: string) => async (rows: StoreWriter) => {
    await put(at)(rows)
    nowMs += 8
  }
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((at) => store.write(slow(at))))
  expect(commitsIn(file) - before).toBe(2)
  expect(await pathsIn(store)).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('what was refused before it began is carried out with nobody', async () => {
  const { store, file } = await opened(() => performance.now(), 30)
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  const refused = store.write(put('a'))
  const waiting = store.write(put('b'))
  await expect(refused).rejects.toMatchObject({ code: 'store_busy' })
  holder.exec('COMMIT')
  holder.close()
  await waiting
  expect(await pathsIn(store)).toEqual(['b'])
})

test('a write to a store that closes is refused, and nobody takes it along', async () => {
  const { store, file } = await opened()
  const first = store.write(async (rows) => {
    await put('a')(rows)
    await new Promise((resolve) => setImmediate(resolve))
  })
  const closed = store.close()
  const late = store.write(put('b'))
  await expect(late).rejects.toMatchObject({ code: 'store_unavailable' })
  await first
  await closed
  const again = await openSqliteStore({ file })
  expect(await pathsIn(again)).toEqual(['a'])
  await again.close()
})

test('none joins behind a state with other rights than the one that was read', async () => {
  const { store, file } = await opened()
  const state = (accessGeneration: number) => async (rows: StoreWriter) => {
    await rows.state()
    await rows.putState({ generation: 1, accessGeneration, seal: new Uint8Array(1) })
  }
  await store.write(state(1))
  const commitsOf = async (accessGeneration: number) => {
    const before = commitsIn(file)
    const name = `p${accessGeneration}`
    await Promise.all([store.write(state(accessGeneration)), store.write(put(name))])
    return commitsIn(file) - before
  }
  expect(await commitsOf(1)).toBe(1)
  expect(await commitsOf(2)).toBe(2)
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
