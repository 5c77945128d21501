import { isCofferError } from '../../core/errors.ts'
import type { Progress } from '../../core/ports/platform.ts'
import type { StoreReader, StoreWriter, VersionRow } from '../../core/ports/store.ts'
import { rewrapEnvelope, termOf } from '../../crypto/envelope.ts'
import type { Keyring } from '../../crypto/keyring.ts'
import { activeTerm, kekOf } from '../../crypto/keyring.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'
import { readState } from '../state.ts'
import { refuseOlder } from '../witness.ts'
import type { Met } from './met-versions.ts'
import { MetVersions, keyOf } from './met-versions.ts'

/** Versions re-wrapped in one transaction: other writers wait no longer than that takes. */
const BATCH = 500

export interface Batch {
  readonly rewrapped: number
  /** What does not open, and so keeps its wrap. */
  readonly left: readonly Met[]
}

/** What a walk through the whole store has done. */
export interface Walked extends Batch {
  /** The active one when it began: what it met is under this term, or under a later one. */
  readonly term: number
  readonly met: MetVersions
}

/**
 * Walks through the store in its own order and brings what is not under the active term there, in
 * batches of short transactions; interrupted anywhere, the next call finds what is left. What does not
 * open keeps no other from its new wrap. Fast, and goes by what rows say of themselves: what they hide
 * is found by the heads (`rewrapHidden`).
 */
export async function rewrapInPlace(
  context: EngineContext,
  progress: Progress | undefined,
): Promise<Walked> {
  const { store } = context
  const term = activeTerm(await store.read((rows) => newestKeyring(context, rows))).term
  const met = new MetVersions()
  const total = progress === undefined ? 0 : await versionsIn(store)
  const left: Met[] = []
  let rewrapped = 0
  let seen = 0
  // Where there was something to do there is more of it: looked at under the lock at once.
  let isBusy = false
  for (let after: string | undefined; ;) {
    let page: Page | undefined = isBusy ? undefined : await lookAt(store, after, term)
    if (page === undefined) {
      // The page as it is by then: it may end elsewhere.
      const batch = await store.write((rows) => rewrapPage(context, rows, after))
      for (const row of batch.left) left.push(row)
      rewrapped += batch.rewrapped
      isBusy = batch.rewrapped > 0
      page = batch
    }
    for (const row of page.under) met.add(row)
    seen += page.looked
    progress?.(Math.min(seen, total), total)
    await breathe()
    after = page.end
    if (after === undefined) return { term, met, rewrapped, left }
  }
}

interface Page {
  readonly looked: number
  /** What of it has its wrap under the active term by now. */
  readonly under: readonly Met[]
  readonly end?: string | undefined
}

/** Absent when there is something to do. */
async function lookAt(
  store: EngineContext['store'],
  after: string | undefined,
  term: number,
): Promise<Page | undefined> {
  const { rows, end } = await store.read((reader) => reader.versions(after, BATCH))
  if (!rows.every((row) => isUnder(row, term))) return undefined
  return { looked: rows.length, under: rows, end }
}

const versionsIn = async (store: EngineContext['store']): Promise<number> =>
  (await store.read((rows) => rows.terms())).reduce((sum, { versions }) => sum + versions, 0)

/** Of the store as this transaction sees it. @throws `store_rolled_back`, `sealed`, `corrupt` */
export async function newestKeyring(
  { keys, witness }: Pick<EngineContext, 'keys' | 'witness'>,
  rows: Pick<StoreReader, 'state' | 'blob'>,
): Promise<Keyring> {
  const known = witness.known()
  const { generation, keyringRevision } = await readState(rows, keys.keyring)
  refuseOlder(generation, known)
  return keys.catchUp(rows, keyringRevision)
}

/** One page of versions as they are by now, under the term that is active by now. */
async function rewrapPage(
  context: EngineContext,
  rows: StoreWriter,
  after: string | undefined,
): Promise<Batch & Page> {
  const keyring = await newestKeyring(context, rows)
  const { term } = activeTerm(keyring)
  const page = await rows.versions(after, BATCH)
  const others = page.rows.filter((row) => !isUnder(row, term))
  const batch = await rewrapRows(context, rows, keyring, others)
  const under = batch.left.length === 0 ? page.rows : without(page.rows, batch.left)
  return { ...batch, looked: page.rows.length, under, end: page.end }
}

function without(rows: readonly Met[], left: readonly Met[]): Met[] {
  const keys = new Set(left.map(keyOf))
  return rows.filter((row) => !keys.has(keyOf(row)))
}

/** Each at the path that it has here. */
export async function rewrapRows(
  { random }: Pick<EngineContext, 'random'>,
  rows: StoreWriter,
  keyring: Keyring,
  work: readonly VersionRow[],
): Promise<Batch> {
  const { term, kek } = activeTerm(keyring)
  const { storeId } = keyring
  const find = kekOf(keyring)
  const left: Met[] = []
  for (const { id, version, path, envelope, place } of work) {
    const binding = { storeId, id, version, path }
    let fresh: Uint8Array
    try {
      fresh = rewrapEnvelope(envelope, find, kek, term, binding, random)
    } catch (error) {
      // With the newest keyring at hand, a term that it does not have is damage as well.
      if (!isCofferError(error, 'corrupt') && !isCofferError(error, 'sealed')) throw error
      left.push({ id, version, path })
      continue
    }
    await rows.putVersion({ id, version, path, term, envelope: fresh, place })
  }
  return { rewrapped: work.length - left.length, left }
}

/** Whether its row and its envelope both say so: neither word is authentic until it opens. */
export function isUnder({ term, envelope }: VersionRow, active: number): boolean {
  try {
    return term === active && termOf(envelope) === active
  } catch (error) {
    if (isCofferError(error, 'corrupt')) return false
    throw error
  }
}
