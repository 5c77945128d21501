import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { storeContract } from '../../testing/store-contract.ts'
import { dumpStore, runStoreLog } from '../../testing/store-log.ts'
import type { StoreAdapter } from './adapter.ts'
import { STORES } from './registry.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-stores-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const adapters: [string, StoreAdapter][] = Object.entries(STORES)
let opened = 0
const freshDir = (): string => path.join(scratch, `${++opened}`)

for (const [name, adapter] of adapters) {
  storeContract(name, async () => {
    const dataDir = freshDir()
    const store = await adapter.open({ dataDir })
    return { store, reopen: async () => (adapter.durable ? adapter.open({ dataDir }) : store) }
  })
}

it('all stores end a random log with the same rows', async () => {
  const dumps = new Set<string>()
  for (const [, adapter] of adapters) {
    const store = await adapter.open({ dataDir: freshDir() })
    await runStoreLog(store, 7, 500)
    dumps.add(await dumpStore(store))
    await store.close()
  }
  expect(dumps.size).toBe(1)
  expect([...dumps][0]!.length).toBeGreaterThan(10_000)
})
