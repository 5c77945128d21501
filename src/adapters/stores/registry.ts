import path from 'node:path'
import type { Store } from '../../core/ports/store.ts'

export interface StoreLocation {
  readonly dataDir: string
  /** Absent is `store_missing`, and nothing is made. */
  readonly mustExist?: boolean | undefined
  readonly busyTimeoutMs?: number | undefined
}

export interface StoreAdapter {
  /** Rows outlive the process, and every handle on the same `dataDir` sees the same ones. */
  readonly durable: boolean
  open(location: StoreLocation): Promise<Store>
}

/** The stores that Coffer brings; each is loaded when it is opened. */
export const STORES = {
  sqlite: {
    durable: true,
    async open({ dataDir, ...options }) {
      const { openSqliteStore } = await import('./sqlite.ts')
      return openSqliteStore({ ...options, file: path.join(dataDir, 'coffer.db') })
    },
  },
  memory: {
    durable: false,
    async open() {
      const { createMemoryStore } = await import('./memory.ts')
      return createMemoryStore()
    },
  },
} as const satisfies Record<string, StoreAdapter>
