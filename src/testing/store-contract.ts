import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../core/ports/store.ts'
import { rowsContract } from './store-contract/rows.ts'
import type { Handles } from './store-contract/samples.ts'
import { transactionsContract } from './store-contract/transactions.ts'
import { STORE_LOG_HASH, STORE_LOG_OPERATIONS, STORE_LOG_SEED, runStoreLog } from './store-log.ts'

/** An empty store, and how to get one more handle on the same rows while it is open. */
export interface OpenedStore {
  readonly store: Store
  /** A store that others cannot share answers with the same handle. */
  reopen(): Promise<Store>
}

/**
 * Every promise of the store port, as tests. Needs vitest.
 *
 * @example
 * storeContract('redis', async () => {
 *   const store = await openRedisStore(await emptyDatabase())
 *   return { store, reopen: () => openRedisStore(sameDatabase()) }
 * })
 */
export function storeContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`store contract: ${name}`, () => {
    let handles: Handles

    beforeEach(async () => {
      const { store, reopen } = await open()
      handles = { store, other: await reopen() }
    })

    afterEach(async () => {
      await handles.other.close()
      await handles.store.close()
    })

    rowsContract(() => handles)
    transactionsContract(() => handles)

    it('answers a long random log exactly as every other store does', async () => {
      const hash = await runStoreLog(handles.store, STORE_LOG_SEED, STORE_LOG_OPERATIONS)
      expect(hash).toBe(STORE_LOG_HASH)
    })
  })
}
