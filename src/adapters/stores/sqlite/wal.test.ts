import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../sqlite.ts'

test('a WAL goes into the file when it has 16 MiB, and is written from its start again', async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-wal-'))
  const file = path.join(scratch, 'store.db')
  const store = await openSqliteStore({ file })
  onTestFinished(async () => {
    await store.close()
    rmSync(scratch, { recursive: true, force: true })
  })
  const walMiB = () => statSync(`${file}-wal`).size / 1_048_576
  for (const [count, least, most] of [
    [12, 12, 13],
    [30, 15, 19],
  ] as const) {
    for (let i = 0; i < count; i++) {
      const name = `${count}-${i}`
      await store.write((rows) => rows.putBlob(name, new Uint8Array(1_048_576)))
    }
    expect(walMiB()).toBeGreaterThan(least)
    expect(walMiB()).toBeLessThan(most)
  }
})

test('a WAL beyond 64 MiB is emptied once who reads in it has left, and writes go on until then', async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-wal-'))
  const file = path.join(scratch, 'store.db')
  let nowMs = 0
  let slept = () => {}
  const sleep = async (ms: number) => {
    nowMs += ms
    slept()
  }
  const store = await openSqliteStore({ file, now: () => nowMs, sleep })
  const reader = new DatabaseSync(file)
  onTestFinished(async () => {
    reader.close()
    await store.close()
    rmSync(scratch, { recursive: true, force: true })
  })
  const put = (name: string) => store.write((rows) => rows.putBlob(name, new Uint8Array(1_048_576)))
  const walMiB = () => statSync(`${file}-wal`).size / 1_048_576
  await put('before')
  reader.exec('BEGIN; SELECT * FROM state')
  await Promise.all(Array.from({ length: 66 }, (_, i) => put(`many-${i}`)))
  nowMs += 1_000
  const beforeMs = nowMs
  await put('while a snapshot is open')
  expect(walMiB()).toBeGreaterThan(66)
  expect(nowMs - beforeMs).toBeGreaterThanOrEqual(100)
  expect(nowMs - beforeMs).toBeLessThan(110)

  const againMs = nowMs
  await put('within a second')
  expect(nowMs).toBe(againMs)

  slept = () => {
    if (reader.isTransaction) reader.exec('COMMIT')
  }
  nowMs += 1_000
  await put('and then')
  expect(walMiB()).toBe(0)
  expect(await store.read((rows) => rows.blob('and then'))).toHaveLength(1_048_576)
})
