import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isCofferError } from '../../src/core/errors.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { admin, copyFolder, homeAt, newHome, temporary, valueAt } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'
import { delay, start } from './herd.ts'

const KEY = '3'.repeat(64)

/** A store whose writer was killed: its newest transactions are in the write-ahead log only. */
async function killed(): Promise<{ home: Home; told: readonly string[] }> {
  const home = await newHome(KEY)
  const worker = start(home, 'write', 'w', 10_000)
  while (worker.lines.filter((line) => line.startsWith('wrote')).length < 20) await delay(5)
  worker.child.kill('SIGKILL')
  await worker.over
  expect(statSync(`${home.db}-wal`).size).toBeGreaterThan(10_000)
  return { home, told: worker.lines.filter((line) => line.startsWith('wrote')) }
}

/** All that was told is there, or the store says what is wrong. */
async function outcome(from: Home, told: readonly string[], damage: (wal: string) => void) {
  const home = homeAt(temporary(), KEY)
  copyFolder(from.dataDir, home.dataDir)
  damage(join(home.dataDir, 'coffer.db-wal'))
  try {
    const platform = await home.open()
    for (const line of told) {
      const [, path = '', ...value] = line.split(' ')
      expect(await valueAt(admin(platform), path), line).toBe(value.join(' '))
    }
    const report = await platform.doctor()
    await platform.close()
    return report.ok ? 'whole' : 'found by doctor'
  } catch (error) {
    if (!isCofferError(error)) throw error
    expect(error.code).not.toBe('internal')
    return error.code
  }
}

test('what is flipped or cut in the write-ahead log loses nothing in silence', async () => {
  const { home, told } = await killed()
  expect(await outcome(home, told, () => {})).toBe('whole')
  const random = seededRandom('wal')
  const part = () => Buffer.from(random(4)).readUInt32BE() / 2 ** 32
  const seen: string[] = []
  for (let round = 0; round < 40; round++) {
    seen.push(
      await outcome(home, told, (wal) => {
        const bytes = readFileSync(wal)
        const at = Math.floor(part() * bytes.length)
        bytes[at] = bytes[at]! ^ 0x10
        writeFileSync(wal, bytes)
      }),
    )
    if (round % 4 !== 0) continue
    seen.push(
      await outcome(home, told, (wal) => {
        truncateSync(wal, Math.floor(part() * statSync(wal).size))
      }),
    )
  }
  expect(seen).toContain('store_rolled_back')
})
