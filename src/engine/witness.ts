import type { AuditLog } from '../core/ports/audit-log.ts'
import { refuseRollback } from './state.ts'

/**
 * What this process knows of the store's generation: from the log, and from its own commits, which
 * the log's durable end may be behind. Ask for `known` before looking at the store: what is
 * committed in between would look like a rollback otherwise.
 */
export interface Witness {
  known(): number
  committed(generation: number): void
}

export function createWitness(log: AuditLog): Witness {
  let own = 0
  return {
    known: () => Math.max(own, log.tail.generation),
    committed(generation) {
      own = Math.max(own, generation)
    },
  }
}

/** @throws CofferError `store_rolled_back` */
export const refuseOlder = (storeGeneration: number, known: number): void =>
  refuseRollback(storeGeneration, known, 'this process')
