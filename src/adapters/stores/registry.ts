import type { StoreAdapter } from './adapter.ts'

/** The stores that Coffer brings; each is loaded when it is opened. */
export const STORES = {
  sqlite: {
    durable: true,
    open: async (at) => (await import('./sqlite.ts')).openSqliteIn(at),
    check: async (at) => (await import('./sqlite/structure.ts')).checkStructure(at),
  },
  memory: { durable: false, open: async () => (await import('./memory.ts')).createMemoryStore() },
} as const satisfies Record<string, StoreAdapter>
