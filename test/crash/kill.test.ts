import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isCofferError } from '../../src/core/errors.ts'
import { ADMIN, admin, homeAt, newHome, temporary } from '../support/platform.ts'
import { delay, judge, seed, start } from './herd.ts'
import type { Worker } from './herd.ts'

const SLOW = process.env['COFFER_SLOW_TESTS'] === '1'
const BUDGET_MS = SLOW ? 60_000 : 1_500

/** Starts workers, kills each at a random moment, again and again; returns all they acknowledged. */
async function killLoop(startAll: (round: number) => Worker[]): Promise<string[]> {
  const lines: string[] = []
  const until = performance.now() + BUDGET_MS
  for (let round = 0; performance.now() < until; round++) {
    const workers = startAll(round)
    await Promise.all(
      workers.map(async (worker) => {
        await Promise.race([worker.over, waitForOpen(worker)])
        await delay(Math.random() * 120)
        worker.child.kill('SIGKILL')
        const outcome = await worker.over
        expect(['SIGKILL', 0], worker.stderr()).toContain(outcome)
        lines.push(...worker.lines)
      }),
    )
  }
  return lines
}

async function waitForOpen(worker: Worker): Promise<void> {
  const { child, lines } = worker
  while (lines.length === 0 && child.exitCode === null && child.signalCode === null) await delay(5)
}

const JOBS: Readonly<Record<string, readonly string[]>> = {
  writes: ['write', 'write'],
  imports: ['import', 'write'],
  'rotations of the KEK': ['rotate', 'write'],
}

test.each(Object.entries(JOBS))(
  'killed at random moments of %s, nothing acknowledged is lost',
  async (_, jobs) => {
    const home = await newHome()
    await seed(home)
    const lines = await killLoop((round) =>
      jobs.map((job, i) => start(home, job, `r${round}-${i}`, 10_000)),
    )
    expect(lines.filter((line) => line !== 'open').length).toBeGreaterThan(5)
    await judge(home, lines)
  },
  BUDGET_MS * 3 + 30_000,
)

test(
  'killed at random moments of a reseal, the store opens with one of its keys',
  async () => {
    const home = await newHome()
    await seed(home)
    const lines: string[] = []
    const names = ['']
    const until = performance.now() + BUDGET_MS
    for (let round = 0; performance.now() < until; round++) {
      const worker = start(home, 'reseal', `r${round}`, 1_000)
      await Promise.race([worker.over, waitForOpen(worker)])
      await delay(Math.random() * 60)
      worker.child.kill('SIGKILL')
      await worker.over
      expect(worker.stderr()).toBe('')
      lines.push(...worker.lines)
      names.push(...worker.lines.flatMap((line) => /^resealed (.*)/.exec(line)?.slice(1) ?? []))
    }
    await judge(home, lines)
    const platform = await home.open()
    const { params, kind } = (await platform.keys.status()).seal
    const last = names.at(-1) ?? ''
    // The newest acknowledged one, or the one after it that was not acknowledged any more.
    if (last !== '') expect(kind).toBe('key-file')
    if (kind === 'key-file') expect(String(params['file'])).toContain(join(home.dir, 'r'))
  },
  BUDGET_MS * 3 + 30_000,
)

const INIT = `
  import { initPlatform } from ${JSON.stringify(fileURLToPath(new URL('../../src/compose.ts', import.meta.url)))}
  import { writeSync } from 'node:fs'
  writeSync(1, 'go')
  await initPlatform({ dataDir: process.env.COFFER_DATA_DIR, admin: 'local:admin' })
  writeSync(1, 'done')
`

function startInit(env: Record<string, string>, dataDir: string) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', INIT], {
    env: { ...env, COFFER_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, errors] = ['', '']
  child.stdout.on('data', (text) => (out += String(text)))
  child.stderr.on('data', (text) => (errors += String(text)))
  const over = once(child, 'close').then(([code]) => code as number | null)
  return { child, over, out: () => out, errors: () => errors }
}

test('killed at a random moment of init, init can be repeated, and makes one sound store', async () => {
  const rounds = SLOW ? 60 : 8
  for (let round = 0; round < rounds; round++) {
    const home = homeAt(temporary(), '7'.repeat(64))
    const { env, dataDir } = { env: home.options.env, dataDir: home.dataDir }
    const killed = startInit(env, dataDir)
    while (killed.out() === '') await delay(2)
    await delay(Math.random() * 60)
    killed.child.kill('SIGKILL')
    await killed.over
    let again: { code: number | null; text: string }
    do {
      const repeated = startInit(env, dataDir)
      again = { code: await repeated.over, text: repeated.errors() }
    } while (again.text.includes('store_busy') && (await delay(300)) === undefined)
    if (again.code !== 0) expect(again.text).toContain('store_exists')
    const platform = await home.open()
    await admin(platform).write('shop/a', { value: 'x' })
    expect(await platform.doctor()).toMatchObject({ ok: true })
    const inits = await admin(platform).audit.query({ action: 'store.init' })
    expect(inits).toMatchObject([{ actor: ADMIN, outcome: 'allowed' }])
    await platform.close()
  }
})

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
