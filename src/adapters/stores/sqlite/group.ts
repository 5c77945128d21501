import type { StoreWriter } from '../../../core/ports/store.ts'
import type { Connection } from './connection.ts'
import { SqliteWriter } from './rows.ts'

/** A write that waits for its turn, and what came of it once it had one. */
export interface Waiting {
  readonly work: (rows: StoreWriter) => Promise<unknown>
  outcome?: Outcome
}

type Outcome =
  | { readonly done: true; readonly value: unknown }
  | { readonly done: false; readonly error: unknown }

/** @throws what it was refused with */
export function resultOf({ outcome }: Waiting): unknown {
  if (outcome?.done) return outcome.value
  throw outcome?.error
}

/** Each costs its own work; the others wait so much longer, and save a flush of the disk each. */
const TOGETHER_MAX = 32

/**
 * Carries out the first of `queue`, and in the same transaction, one after another, those behind it
 * that wait already: they are all durable by one flush of the disk. Takes them out of the queue and
 * notes what came of each. The caller began the transaction; `commit` ends it.
 *
 * One that fails leaves nothing, and the others stay (each after the first has a savepoint). When
 * the transaction cannot be committed, that is what came of all of them: what one of them was told,
 * a refusal too, may follow from what is now gone.
 */
export async function carryOutTogether(
  queue: Waiting[],
  connection: Connection,
  commit: () => void,
): Promise<void> {
  const group: Waiting[] = []
  try {
    for (let goesOn = true; goesOn && group.length < TOGETHER_MAX;) {
      const next = queue.shift()
      if (next === undefined) break
      group.push(next)
      goesOn = await (group.length === 1 ? carryOutFirst : carryOutBehind)(next, connection)
    }
    if (group.some(({ outcome }) => outcome?.done)) commit()
  } catch (error) {
    for (const each of group) each.outcome = { done: false, error }
  }
}

/** Whether others may go on in the same transaction. */
async function carryOutFirst(first: Waiting, connection: Connection): Promise<boolean> {
  const rows = await carryOut(first, connection)
  if (first.outcome?.done) return rows.joinable
  connection.rollback()
  return false
}

/** @throws what ended the whole transaction */
async function carryOutBehind(next: Waiting, connection: Connection): Promise<boolean> {
  connection.run('savepoint')
  const rows = await carryOut(next, connection)
  const { outcome } = next
  if (outcome?.done === false) {
    // SQLite has taken everything back by itself, as it may on a full disk.
    if (!connection.inTransaction) throw outcome.error
    connection.run('rollbackToSavepoint')
  }
  connection.run('releaseSavepoint')
  return outcome?.done === false || rows.joinable
}

async function carryOut(waiting: Waiting, connection: Connection): Promise<SqliteWriter> {
  const rows = new SqliteWriter(connection)
  try {
    const value = await waiting.work(rows)
    if (rows.failure) throw rows.failure
    waiting.outcome = { done: true, value }
  } catch (error) {
    waiting.outcome = { done: false, error }
  }
  rows.end()
  return rows
}
