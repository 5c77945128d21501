import { CofferError, isCofferError } from '../../core/errors.ts'
import type { Progress } from '../../core/ports/platform.ts'
import type { StoreWriter, VersionRow } from '../../core/ports/store.ts'
import { rewrapEnvelope, termOf } from '../../crypto/envelope.ts'
import type { Keyring } from '../../crypto/keyring.ts'
import { activeTerm, kekOf } from '../../crypto/keyring.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'
import { openState } from '../state.ts'
import { refuseOlder } from '../witness.ts'

/** Versions re-wrapped in one transaction: other writers wait no longer than that takes. */
const BATCH = 500
/** A store with more than that needs its backup, not a new key. */
const DAMAGED_MAX = 500

/** A version that does not open, and so keeps its wrap. */
export interface Left extends Pick<VersionRow, 'id' | 'version' | 'path'> {
  /** The terms that it may need: the one that its row names, and the one that its envelope does. */
  readonly terms: readonly number[]
}

/** By `rowOf`. */
export type Rows = Map<string, Left>

/**
 * Everything that the store says is below the active term, in batches of short transactions;
 * interrupted anywhere, the next call goes on with what is left. What cannot be opened is left, and
 * keeps no other from a new wrap.
 */
export async function rewrapStale(
  context: EngineContext,
  progress: Progress | undefined,
): Promise<{ rewrapped: number; left: Rows }> {
  const { store, keys } = context
  const terms = await store.read((rows) => rows.terms())
  const before = activeTerm(keys.keyring).term
  const total = terms.reduce((sum, t) => (t.term < before ? sum + t.versions : sum), 0)
  const left: Rows = new Map()
  let rewrapped = 0
  for (;;) {
    const batch = await store.write(async (rows) => {
      const keyring = await newestKeyring(context, rows)
      const { term } = activeTerm(keyring)
      const stale = await rows.versionsBelowTerm(term, BATCH + left.size)
      const work = left.size === 0 ? stale : stale.filter((row) => !left.has(rowOf(row)))
      return rewrapRows(context, rows, keyring, work)
    })
    note(left, batch.left)
    rewrapped += batch.rewrapped
    if (batch.rewrapped + batch.left.length === 0) return { rewrapped, left }
    progress?.(Math.min(rewrapped + left.size, total), total)
    await breathe()
  }
}

/** The rows under the active term, each where it opens at the path that is its own, or at `pathOf` it. */
export async function rewrapRows(
  { random }: Pick<EngineContext, 'random'>,
  rows: StoreWriter,
  keyring: Keyring,
  work: readonly VersionRow[],
  pathOf: (row: VersionRow) => string = ({ path }) => path,
): Promise<{ rewrapped: number; left: readonly Left[] }> {
  const { term, kek } = activeTerm(keyring)
  const { storeId } = keyring
  const find = kekOf(keyring)
  const left: Left[] = []
  for (const row of work) {
    const { id, version, envelope } = row
    const path = pathOf(row)
    const binding = { storeId, id, version, path }
    let fresh: Uint8Array
    try {
      fresh = rewrapEnvelope(envelope, find, kek, term, binding, random)
    } catch (error) {
      // With the newest keyring at hand, a term that it does not have is damage as well.
      if (!isCofferError(error, 'corrupt') && !isCofferError(error, 'sealed')) throw error
      left.push({ id, version, path, terms: termsOf(row) })
      continue
    }
    await rows.putVersion({ id, version, path, term, envelope: fresh })
  }
  return { rewrapped: work.length - left.length, left }
}

/** Of the store as this transaction sees it. @throws `store_rolled_back`, `sealed`, `corrupt` */
export async function newestKeyring(
  { keys, witness }: Pick<EngineContext, 'keys' | 'witness'>,
  rows: Pick<StoreWriter, 'state' | 'blob'>,
): Promise<Keyring> {
  const state = await rows.state()
  if (state === undefined) throw new CofferError('corrupt', 'The state of the store is gone.')
  refuseOlder(state.generation, witness.known())
  const { storeId, stateKey } = keys.keyring
  return keys.catchUp(rows, openState(stateKey, storeId, state).keyringRevision)
}

/** The row's own word is not authentic, and neither is its envelope's until that opens. */
export function termsOf({ term, envelope }: VersionRow): number[] {
  try {
    return [...new Set([term, termOf(envelope)])]
  } catch (error) {
    if (isCofferError(error, 'corrupt')) return [term]
    throw error
  }
}

/** @throws CofferError `corrupt` when there are too many */
export function note(left: Rows, found: readonly Left[]): void {
  for (const row of found) left.set(rowOf(row), row)
  if (left.size <= DAMAGED_MAX) return
  throw new CofferError(
    'corrupt',
    `More than ${DAMAGED_MAX} versions cannot be opened: the rotation was given up.`,
    { remedy: 'Restore from a backup; keep the files as evidence.' },
  )
}

const rowOf = ({ id, version }: Pick<VersionRow, 'id' | 'version'>): string => `${id} ${version}`
