import type { Store } from '../../core/ports/store.ts'

export interface StoreLocation {
  readonly dataDir: string
  /** Absent is `store_missing`, and nothing is made. */
  readonly mustExist?: boolean | undefined
  /** How long to wait for other processes. */
  readonly busyTimeoutMs?: number | undefined
}

/** A kind of store, as the registry names it. */
export interface StoreAdapter {
  /** Rows outlive the process, and every handle on the same `dataDir` sees the same ones. */
  readonly durable: boolean
  open(location: StoreLocation): Promise<Store>
  /** For `doctor`: looks at what holds the rows. @throws CofferError `corrupt`, `store_*` */
  check?(location: StoreLocation): Promise<void>
}

/** What the embedded store is called in its data directory. */
export const STORE_FILE = 'coffer.db'
