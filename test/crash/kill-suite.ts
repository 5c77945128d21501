import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ADMIN, admin, homeAt, newHome, temporary } from '../support/platform.ts'
import { delay, judge, seed, start } from './herd.ts'
import type { Worker } from './herd.ts'
import { startInit } from './script.ts'

/** Starts workers, kills each at a random moment, again and again; returns all they acknowledged. */
async function killLoop(
  budgetMs: number,
  startAll: (round: number) => Worker[],
): Promise<string[]> {
  const lines: string[] = []
  const until = performance.now() + budgetMs
  const done = () => performance.now() >= until && lines.filter(isDone).length >= DONE_MIN
  for (let round = 0; round < ROUNDS_MAX && !done(); round++) {
    const workers = startAll(round)
    await Promise.all(
      workers.map(async (worker) => {
        await waitForLines(worker, 1 + Math.floor(Math.random() * 4))
        await delay(Math.random() * 40)
        worker.child.kill('SIGKILL')
        const outcome = await worker.over
        expect(['SIGKILL', 0], worker.stderr()).toContain(outcome)
        lines.push(...worker.lines)
      }),
    )
  }
  return lines
}

const isDone = (line: string) => line !== 'open' && line !== 'closed'
/** It goes on past its time until enough was done to be lost. */
const DONE_MIN = 5
const ROUNDS_MAX = 1_000

/** What a process has done, not a time, says when it is killed: a slow machine does less in a time. */
async function waitForLines({ child, lines }: Worker, count: number): Promise<void> {
  while (lines.length < count && child.exitCode === null && child.signalCode === null)
    await delay(2)
}

const JOBS: Readonly<Record<string, readonly string[]>> = {
  writes: ['write', 'write'],
  imports: ['import', 'write'],
  'rotations of the KEK': ['rotate', 'write'],
}

/** Processes are killed for `budgetMs` in each of these tests. */
export function killSuite(budgetMs: number): void {
  test.each(Object.entries(JOBS))(
    'killed at random moments of %s, nothing acknowledged is lost',
    async (_, jobs) => {
      const home = await newHome()
      await seed(home)
      const lines = await killLoop(budgetMs, (round) =>
        jobs.map((job, i) => start(home, job, `r${round}-${i}`, 10_000)),
      )
      expect(lines.filter(isDone).length).toBeGreaterThanOrEqual(DONE_MIN)
      await judge(home, lines)
    },
    budgetMs * 3 + 60_000,
  )

  test(
    'killed at random moments of a reseal, the store opens with one of its keys',
    async () => {
      const home = await newHome()
      await seed(home)
      const lines: string[] = []
      const names = ['']
      const until = performance.now() + budgetMs
      for (let round = 0; performance.now() < until; round++) {
        const worker = start(home, 'reseal', `r${round}`, 1_000)
        await waitForLines(worker, 1)
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
      if (kind === 'key-file')
        expect(params).toMatchObject({
          file: expect.stringContaining(join(home.dir, 'r')) as string,
        })
    },
    budgetMs * 3 + 60_000,
  )

  test(
    'killed at a random moment of init, init can be repeated, and makes one sound store',
    async () => {
      const rounds = Math.min(60, Math.ceil(budgetMs / 300))
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
    },
    budgetMs * 10 + 60_000,
  )
}
