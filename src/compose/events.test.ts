import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { initPlatform, openPlatform } from '../compose.ts'
import type { ChangeEvent } from '../core/ports/coffer.ts'
import type { Platform } from '../core/ports/platform.ts'

const ADMIN = 'local:admin'
const env = { COFFER_MASTER_KEY: randomBytes(32).toString('hex') }

let dir: string
const opened: Platform[] = []
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'coffer-events-'))
  await initPlatform({ dataDir: join(dir, 'data'), env, admin: ADMIN })
})
afterEach(async () => {
  for (const platform of opened.splice(0)) await platform.close()
  rmSync(dir, { recursive: true, force: true })
})

async function open(name = 'data'): Promise<Platform> {
  const platform = await openPlatform({ dataDir: join(dir, name), env })
  opened.push(platform)
  return platform
}

/** The first of what comes: events, or the error instead. */
function first(platform: Platform, count: number, after?: string): Promise<ChangeEvent[]> {
  return new Promise((resolve, reject) => {
    const events: ChangeEvent[] = []
    const stop = platform.as(ADMIN).events(
      { after },
      (event) => {
        if (events.push(event) < count) return
        stop()
        resolve(events)
      },
      reject,
    )
  })
}

test('changes of several processes are told in one order to all, within two seconds', async () => {
  const [one, two] = [await open(), await open()]
  const startedMs = performance.now()
  const heard = Promise.all([first(one, 20), first(two, 20)])
  for (let i = 0; i < 10; i++) {
    await one.as(ADMIN).write(`a/${i}`, { value: 'x' })
    await two.as(ADMIN).write(`b/${i}`, { value: 'x' })
  }
  const [byOne, byTwo] = (await heard).map((events) => events.map(({ path }) => path))
  expect(performance.now() - startedMs).toBeLessThan(4_000)
  expect(byOne).toEqual(byTwo)
  expect(new Set(byOne).size).toBe(20)
})

test('what was there before is not told to who begins now, whoever made it', async () => {
  const [one, two] = [await open(), await open()]
  await two.as(ADMIN).write('before', { value: 'x' })
  await new Promise((resolve) => setTimeout(resolve, 5))
  const heard = first(one, 1)
  await two.as(ADMIN).write('after', { value: 'x' })
  expect((await heard).map(({ path }) => path)).toEqual(['after'])
})

test('a cursor outlives its process, and one of a later log is refused by an earlier one', async () => {
  const one = await open()
  const heard = first(one, 2)
  await one.as(ADMIN).write('a', { value: 'x' })
  await one.as(ADMIN).write('b', { value: 'x' })
  const [a, b] = await heard
  await opened.pop()!.close()
  cpSync(join(dir, 'data'), join(dir, 'copy'), { recursive: true })
  const two = await open()
  expect((await first(two, 1, a!.cursor)).map(({ path }) => path)).toEqual(['b'])
  const later = first(two, 1, b!.cursor)
  await two.as(ADMIN).list()
  await two.as(ADMIN).list()
  await two.as(ADMIN).write('c', { value: 'x' })
  const [c] = await later
  await expect(first(await open('copy'), 1, c!.cursor)).rejects.toMatchObject({ code: 'not_found' })
})
