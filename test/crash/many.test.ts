import { expect, test } from 'vitest'
import { isCofferError } from '../../src/core/errors.ts'
import { admin, homeAt, newHome, temporary } from '../support/platform.ts'
import { judge, seed, start } from './herd.ts'
import { startInit } from './script.ts'

const finished = async (workers: readonly ReturnType<typeof start>[]) => {
  for (const worker of workers) expect(await worker.over, worker.stderr()).toBe(0)
  return workers.flatMap((worker) => worker.lines)
}

test('twenty processes write at once: all succeed, nothing is lost, one chain', async () => {
  const home = await newHome()
  await seed(home)
  const count = 5
  const workers = Array.from({ length: 20 }, (_, i) => start(home, 'write', `w${i}`, count))
  const lines = await finished(workers)
  expect(lines.filter((line) => line.startsWith('wrote'))).toHaveLength(20 * count)
  const versions = lines.flatMap((line) => /^version (\d+)/.exec(line)?.slice(1, 2) ?? [])
  expect(versions.map(Number).toSorted((a, b) => a - b)).toEqual(versions.map((_, i) => i + 1))
  await judge(home, lines)
}, 60_000)

test('two processes rotate keys while five read and write: nobody fails', async () => {
  const home = await newHome()
  await seed(home)
  const lines = await finished([
    ...[0, 1].map((i) => start(home, 'rotate', `k${i}`, 6)),
    ...[0, 1, 2].map((i) => start(home, 'read', `r${i}`, 300, i * 13)),
    ...[0, 1].map((i) => start(home, 'write', `w${i}`, 60)),
  ])
  expect(lines.filter((line) => line.startsWith('term')).length).toBe(12)
  await judge(home, lines)
  const platform = await home.open()
  expect((await admin(platform).describe('crash/shared'))?.versions.length).toBe(30)
}, 60_000)

test('of many inits at once one makes the store and the others make nothing', async () => {
  const home = homeAt(temporary(), '7'.repeat(64))
  const inits = Array.from({ length: 6 }, () => startInit(home.options.env, home.dataDir))
  const codes = await Promise.all(inits.map((init) => init.over))
  expect(codes.filter((code) => code === 0)).toHaveLength(1)
  for (const init of inits) {
    if (!init.out().includes('done')) expect(init.errors()).toMatch(/store_exists|store_busy/)
  }
  const platform = await home.open()
  expect(await platform.doctor()).toMatchObject({ ok: true })
  const error: unknown = await admin(platform)
    .read({ path: 'a' })
    .catch((e: unknown) => e)
  expect(isCofferError(error)).toBe(false)
})
