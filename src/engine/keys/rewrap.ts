import { CofferError, isCofferError } from '../../core/errors.ts'
import type { Progress } from '../../core/ports/platform.ts'
import type { StoreReader, StoreWriter, VersionRow } from '../../core/ports/store.ts'
import { rewrapEnvelope, termOf } from '../../crypto/envelope.ts'
import type { Keyring } from '../../crypto/keyring.ts'
import { activeTerm, kekOf } from '../../crypto/keyring.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'
import { openState } from '../state.ts'
import { refuseOlder } from '../witness.ts'
import { pathNow, pathsOf } from './paths.ts'

/** Versions re-wrapped in one transaction: other writers wait no longer than that takes. */
const BATCH = 500
/** A store with more than that needs its backup, not a new key. */
const DAMAGED_MAX = 500

/** A version that does not open, and so keeps its wrap. */
export interface Left extends Pick<VersionRow, 'id' | 'version'> {
  /** The terms that it may need: the one that its row names, and the one that its envelope does. */
  readonly terms: readonly number[]
  /** The path of the secret that it is of; absent when none speaks of it. */
  readonly secret?: string | undefined
}

export interface Rewrapped {
  readonly rewrapped: number
  readonly left: readonly Left[]
  /** Every version but what is left is under this term, or under a later one. */
  readonly term: number
}

/**
 * Looks at every version, and brings what is below the active term under it, in batches of short
 * transactions; interrupted anywhere, the next call finds what is left. The columns of a row are not
 * authentic, so the envelope's own word counts as well: no version is passed by for what its row says,
 * and columns are put right. What does not open at its row's path is tried at the one that its
 * secret's head says; what does not open at all keeps no other from its new wrap.
 */
export async function rewrapAll(
  context: EngineContext,
  progress: Progress | undefined,
): Promise<Rewrapped> {
  const { store } = context
  const { term, total } = await store.read(async (rows) => ({
    term: activeTerm(await newestKeyring(context, rows)).term,
    total: (await rows.terms()).reduce((sum, { versions }) => sum + versions, 0),
  }))
  const left: Left[] = []
  let rewrapped = 0
  let seen = 0
  for (let after: string | undefined; ;) {
    const page = await store.read((rows) => rows.versions(after, BATCH))
    let { end } = page
    if (page.rows.some((row) => isBelow(row, term))) {
      // The page as it is by then: it may end elsewhere.
      const batch = await store.write((rows) => rewrapPage(context, rows, after))
      left.push(...batch.left)
      if (left.length > DAMAGED_MAX) throw beyondRepair()
      rewrapped += batch.rewrapped
      ;({ end } = batch)
    }
    seen += page.rows.length
    progress?.(Math.min(seen, total), total)
    await breathe()
    after = end
    if (after === undefined) break
  }
  const again = await rewrapAtHeads(context, left)
  return { rewrapped: rewrapped + again.rewrapped, left: again.left, term }
}

/** Of the store as this transaction sees it. @throws `store_rolled_back`, `sealed`, `corrupt` */
export async function newestKeyring(
  { keys, witness }: Pick<EngineContext, 'keys' | 'witness'>,
  rows: Pick<StoreReader, 'state' | 'blob'>,
): Promise<Keyring> {
  const state = await rows.state()
  if (state === undefined) throw new CofferError('corrupt', 'The state of the store is gone.')
  refuseOlder(state.generation, witness.known())
  const { storeId, stateKey } = keys.keyring
  return keys.catchUp(rows, openState(stateKey, storeId, state).keyringRevision)
}

/** One page of versions as they are by now, under the term that is active by now. */
async function rewrapPage(
  context: EngineContext,
  rows: StoreWriter,
  after: string | undefined,
): Promise<Batch & { readonly end?: string | undefined }> {
  const keyring = await newestKeyring(context, rows)
  const { term } = activeTerm(keyring)
  const page = await rows.versions(after, BATCH)
  const below = page.rows.filter((row) => isBelow(row, term))
  return { ...(await rewrapRows(context, rows, keyring, below)), end: page.end }
}

/** What opens nowhere else is tried where the heads say that it belongs. */
async function rewrapAtHeads(context: EngineContext, left: readonly Left[]): Promise<Batch> {
  if (left.length === 0) return { rewrapped: 0, left }
  const paths = await pathsOf(context, new Set(left.map(({ id }) => id)))
  const tried = await context.store.write(async (rows) => {
    const keyring = await newestKeyring(context, rows)
    const work: VersionRow[] = []
    for (const { id, version } of left) {
      const row = await rows.version(id, version)
      if (row === undefined) continue
      work.push({ ...row, path: (await pathNow(context, rows, id, paths)) ?? row.path })
    }
    return rewrapRows(context, rows, keyring, work)
  })
  return { ...tried, left: tried.left.map((row) => ({ ...row, secret: paths.get(row.id) })) }
}

interface Batch {
  readonly rewrapped: number
  readonly left: readonly Left[]
}

async function rewrapRows(
  { random }: Pick<EngineContext, 'random'>,
  rows: StoreWriter,
  keyring: Keyring,
  work: readonly VersionRow[],
): Promise<Batch> {
  const { term, kek } = activeTerm(keyring)
  const { storeId } = keyring
  const find = kekOf(keyring)
  const left: Left[] = []
  for (const row of work) {
    const { id, version, path, envelope } = row
    const binding = { storeId, id, version, path }
    let fresh: Uint8Array
    try {
      fresh = rewrapEnvelope(envelope, find, kek, term, binding, random)
    } catch (error) {
      // With the newest keyring at hand, a term that it does not have is damage as well.
      if (!isCofferError(error, 'corrupt') && !isCofferError(error, 'sealed')) throw error
      left.push({ id, version, terms: termsOf(row) })
      continue
    }
    await rows.putVersion({ id, version, path, term, envelope: fresh })
  }
  return { rewrapped: work.length - left.length, left }
}

/** Whether any word of it says another term than the active one. */
const isBelow = (row: VersionRow, active: number): boolean =>
  termsOf(row).some((term) => term !== active)

/** Neither its row's word is authentic nor its envelope's, until that opens. */
function termsOf({ term, envelope }: VersionRow): number[] {
  try {
    return [term, termOf(envelope)]
  } catch (error) {
    if (isCofferError(error, 'corrupt')) return [term]
    throw error
  }
}

const beyondRepair = () =>
  new CofferError(
    'corrupt',
    `More than ${DAMAGED_MAX} versions cannot be opened: the rotation was given up.`,
    { remedy: 'Restore from a backup; keep the files as evidence.' },
  )
