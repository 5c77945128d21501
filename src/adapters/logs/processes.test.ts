import { execFile, spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { event, linesOf, scratchLog, START_MS } from '../../../test/audit/scratch-log.ts'
import { entryOf } from '../../crypto/audit-line.ts'

const APPENDER = fileURLToPath(new URL('../../../test/audit/appender.ts', import.meta.url))

const LOCK_OPENER = fileURLToPath(new URL('../../../test/audit/lock-opener.ts', import.meta.url))

const output = async (args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, args, { encoding: 'utf8' })).stdout

/** Runs an appender; killed after `killAfterMs`. Resolves with what it was told is durable. */
function append(
  dir: string,
  name: string,
  rounds: number,
  killAfterMs?: number,
): Promise<string[]> {
  const child = spawn(process.execPath, [APPENDER, dir, name, String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    // Killed while it works, not while it starts.
    if (printed === '' && killAfterMs !== undefined)
      setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    printed += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve(printed.split('\n').slice(0, -1)))
  })
}

test('six processes append at once and are killed at any moment: what was told is there, once', async () => {
  const scratch = scratchLog()
  const told = await Promise.all(
    Array.from({ length: 6 }, async (_, process) => {
      const steady = process < 2
      const all: string[] = []
      for (let life = 0; life < (steady ? 1 : 3); life++) {
        const name = `p${process}.${life}`
        all.push(
          ...(await append(
            scratch.dir,
            name,
            steady ? 150 : 100_000,
            steady ? undefined : 20 + 37 * life + 11 * process,
          )),
        )
      }
      return all
    }),
  )
  const log = await scratch.open()
  await log.append([])
  await log.complete(0)
  const report = await log.verify()
  expect(report.problem).toBeUndefined()
  expect(report.unsigned).toBe(0)
  const entries = linesOf(scratch.dir).map(entryOf)
  const resources = entries.flatMap((entry) => (entry?.action === 'read' ? entry.resource! : []))
  const held = new Set(resources)
  expect(held.size).toBe(resources.length)
  expect(told.flat().filter((resource) => !held.has(resource))).toEqual([])
  expect(told.flat().length).toBeGreaterThan(900)
  expect(report.segments).toBeGreaterThan(3)
  await scratch.remove()
})

test('processes that open and close the lock exclude each other, and never replace it', async () => {
  const scratch = scratchLog()
  const file = path.join(scratch.dir, 'opened')
  const said = await Promise.all(
    Array.from({ length: 3 }, () => output([LOCK_OPENER, file, '1000'])),
  )
  expect(said).toEqual(Array.from({ length: 3 }, () => '0 met, 0 removed\n'))
  await scratch.remove()
})

test('a process that rested until all that it saw was pruned goes on, and forgets no cut', async () => {
  const scratch = scratchLog()
  const small = { segmentBytesMax: 800, retentionDays: 30 }
  const [rested, busy] = [await scratch.open(small), await scratch.open(small)]
  await rested.append([event('seen')])
  for (let n = 0; n < 8; n++) await busy.append([event(`s/${n}`)])
  const removed = await busy.prune(START_MS + 31 * 86_400_000, 'local:root')
  expect(removed).toContain('000000001.jsonl')
  await rested.append([event('later')])
  expect(await rested.verify()).toMatchObject({ ok: true })
  expect((await rested.query({ resource: 'later' })).length).toBe(1)
  await busy.append([event('newest')])
  const [first] = readdirSync(scratch.dir)
  rmSync(path.join(scratch.dir, first!))
  expect((await rested.verify()).ok).toBe(false)
  await scratch.remove()
})
