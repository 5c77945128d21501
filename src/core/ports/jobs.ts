import type { SecretRecord } from '../record.ts'
import type { Coffer } from './coffer.ts'

/** What the background work of a dialect needs of the store: nobody asked for it. */
export interface Jobs {
  /** Takes or renews the named lease, as `Store.lease` does: of all processes, one does the work. */
  lease(name: string, holder: string, ttlMs: number): Promise<boolean>
  /** While it is the same, nothing was changed. */
  generation(): Promise<number>
  /**
   * Secrets whose record, as JSON, has this text somewhere, without deleted and damaged ones. All
   * heads are looked at, and only those that have it are verified and read. Not audited.
   */
  secretsWith(text: string): AsyncIterable<SecretRecord>
  /** Acts as Coffer itself, which no credential can be. */
  coffer(via: string): Coffer
}
