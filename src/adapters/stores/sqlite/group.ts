import type { StoreWriter } from '../../../core/ports/store.ts'
import type { Connection } from './connection.ts'
import { storeFailure } from './errors.ts'
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
/** Other processes wait for the lock meanwhile, and this one's event loop may not turn. */
const TOGETHER_MS = 20

export interface Group {
  readonly first: Waiting
  /** Those that wait behind it, in order. Whoever is taken along is taken out. */
  readonly behind: Waiting[]
  /** In a transaction that the caller began. */
  readonly connection: Connection
  /** Milliseconds; only differences matter. */
  readonly now: () => number
  /** Ends the transaction. */
  readonly commit: () => void
}

/**
 * Carries out a write, and in the same transaction, one after another, those that wait behind it:
 * they are all durable by one flush of the disk. Notes what came of each. Nobody is taken along once
 * it has taken `TOGETHER_MS`.
 *
 * One that fails leaves nothing, and the others stay (each after the first has a savepoint). When
 * the transaction cannot be committed, that is what came of all of them: what one of them was told,
 * a refusal too, may follow from what is now gone.
 */
export async function carryOutTogether(parts: Group): Promise<void> {
  const { first, behind, connection, now, commit } = parts
  const until = now() + TOGETHER_MS
  const group = [first]
  try {
    let goesOn = await carryOutFirst(first, connection)
    while (goesOn && group.length < TOGETHER_MAX && now() < until) {
      const next = behind.shift()
      if (next === undefined) break
      group.push(next)
      goesOn = await carryOutBehind(next, connection)
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
    if (!connection.inTransaction) {
      throw rows.failure ?? storeFailure('store_unavailable', connection.file)
    }
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
