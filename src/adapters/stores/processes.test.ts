import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect } from 'vitest'
import { storeProcesses } from '../../testing/store-processes.ts'
import type { StoreAdapter } from './adapter.ts'
import { STORES } from './registry.ts'

/** Larger numbers for processes.slow.test.ts. */
const SCALE = process.env['COFFER_SLOW_TESTS']
  ? { writers: 20, writesEach: 200, killRounds: 60, killWriters: 5 }
  : { writers: 20, writesEach: 10, killRounds: 4, killWriters: 3 }

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-processes-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

for (const [name, { durable }] of Object.entries<StoreAdapter>(STORES)) {
  if (!durable) continue
  storeProcesses(
    name,
    {
      module: new URL('registry.ts', import.meta.url).href,
      open: `STORES.${name}.open`,
      dataDir: () => mkdtempSync(path.join(scratch, 'data-')),
      inspect: checkIntegrity,
    },
    SCALE,
  )
}

function checkIntegrity(dataDir: string): void {
  const file = path.join(dataDir, 'coffer.db')
  if (!existsSync(file)) return
  const database = new DatabaseSync(file)
  const result = database.prepare('PRAGMA integrity_check').get()
  expect(result).toEqual({ integrity_check: 'ok' })
  database.close()
}
