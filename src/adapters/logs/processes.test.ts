import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { linesOf, scratchLog } from '../../../test/audit/scratch-log.ts'
import { entryOf } from '../../crypto/audit-line.ts'

const APPENDER = fileURLToPath(new URL('../../../test/audit/appender.ts', import.meta.url))

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
