import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { openSqliteStore } from '../sqlite.ts'
import { Manners, whenFree } from './patience.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-contention-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const busy = new CofferError('store_busy', 'busy')

it('waits for another process without blocking, then is store_busy, then works', async () => {
  const file = path.join(scratch, 'held.db')
  const store = await openSqliteStore({ file, busyTimeoutMs: 150 })
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  let ticks = 0
  const ticking = setInterval(() => (ticks += 1), 5)
  const put = (): Promise<void> => store.write((rows) => rows.putBlob('a', new Uint8Array(1)))
  await expect(put()).rejects.toMatchObject({ code: 'store_busy' })
  await expect(store.lease('a', 'b', 0, 1)).rejects.toMatchObject({ code: 'store_busy' })
  clearInterval(ticking)
  // Blocked, there would be one for each wait.
  expect(ticks).toBeGreaterThan(5)

  // readers never wait for a writer
  expect(await store.read((rows) => rows.blob('a'))).toBeUndefined()
  expect(store.current('a')).toMatchObject({ generation: 0 })

  const [written] = await Promise.all([put(), delay(20).then(() => holder.exec('COMMIT'))])
  expect(written).toBeUndefined()
  expect(await store.read((rows) => rows.blob('a'))).toHaveLength(1)
  holder.close()
  await store.close()
})

it('waits LIMITS.storeBusyTimeoutMs unless told otherwise', async () => {
  const file = path.join(scratch, 'default.db')
  let nowMs = 0
  const sleep = async (): Promise<void> => {
    nowMs += LIMITS.storeBusyTimeoutMs / 20
  }
  const store = await openSqliteStore({ file, now: () => nowMs, sleep })
  const holder = new DatabaseSync(file)
  holder.exec('BEGIN IMMEDIATE')
  await expect(store.write(async () => 1)).rejects.toMatchObject({ code: 'store_busy' })
  expect(nowMs).toBe(LIMITS.storeBusyTimeoutMs)
  holder.close()
  await store.close()
})

it('asks again until the limit, at the limit, and not past it', async () => {
  let nowMs = 0
  const slept: number[] = []
  const patience = {
    timeoutMs: 100,
    now: () => nowMs,
    sleep: async (ms: number) => {
      slept.push(ms)
      nowMs += 10
    },
  }
  const fails = (): never => {
    throw busy
  }
  await expect(whenFree(fails, patience)).rejects.toBe(busy)
  expect(nowMs).toBe(100)
  expect(Math.min(...slept)).toBeGreaterThanOrEqual(1)
  expect(Math.max(...slept)).toBeLessThanOrEqual(4)
  // who is old asks as often as it can
  expect(slept.slice(2)).toEqual(Array(slept.length - 2).fill(1))
  let left = 10
  expect(
    await whenFree(() => (left-- > 0 ? fails() : 'free'), { ...patience, timeoutMs: 101 }),
  ).toBe('free')
})

it('lets others in: at once after having had to wait, and now and then in any case', async () => {
  let nowMs = 0
  const slept: number[] = []
  const patience = {
    timeoutMs: 1_000,
    now: () => nowMs,
    sleep: async (ms: number) => {
      slept.push(ms)
      nowMs += ms
    },
  }
  const manners = new Manners(patience)
  const write = async (begin = (): void => {}): Promise<void> => {
    await manners.enter(begin)
    nowMs += 5
    manners.leave()
  }
  // alone: a pause only after 500 ms of writing
  for (let i = 0; i < 102; i++) await write()
  expect(slept).toEqual([6])
  for (let i = 0; i < 50; i++) await write()
  expect(slept).toEqual([6])

  let refusals = 1
  await write(() => {
    if (refusals-- > 0) throw busy
  })
  slept.length = 0
  await write()
  await write()
  expect(slept).toEqual([6, 6])
  nowMs += 1_000
  slept.length = 0
  await write()
  await write()
  expect(slept).toEqual([])
})
