import { CofferError, isCofferError } from '../../core/errors.ts'
import type { Progress } from '../../core/ports/platform.ts'
import type { StoreWriter, VersionRow } from '../../core/ports/store.ts'
import { rewrapEnvelope } from '../../crypto/envelope.ts'
import { activeTerm, kekOf } from '../../crypto/keyring.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'
import { allHeads } from '../integrity.ts'
import { openState } from '../state.ts'
import { refuseOlder } from '../witness.ts'

/** Versions re-wrapped in one transaction: other writers wait no longer than that takes. */
const BATCH = 500
/** A store with more than that needs its backup, not a new key. */
const DAMAGED_MAX = 500
const DAMAGED_NAMED = 10

/** Batches of short transactions; interrupted anywhere, the next call goes on with what is left. */
export async function rewrapAll(
  context: EngineContext,
  progress: Progress | undefined,
): Promise<{ rewrapped: number; damaged: readonly string[] }> {
  const { store, keys } = context
  const terms = await store.read((rows) => rows.terms())
  const before = activeTerm(keys.keyring).term
  const total = terms.reduce((sum, t) => (t.term < before ? sum + t.versions : sum), 0)
  const damaged: Rows = new Map()
  let rewrapped = 0
  for (;;) {
    const batch = await store.write((rows) => rewrapSome(context, rows, damaged))
    for (const [key, row] of batch.damaged) damaged.set(key, row)
    if (batch.looked === 0) return { rewrapped, damaged: await namesOf(context, damaged) }
    if (damaged.size > DAMAGED_MAX) throw beyondRepair()
    rewrapped += batch.looked - batch.damaged.size
    progress?.(Math.min(rewrapped + damaged.size, total), total)
    await breathe()
  }
}

type Rows = Map<string, Pick<VersionRow, 'id' | 'version'>>

interface Batch {
  readonly looked: number
  /** Of those that were looked at. */
  readonly damaged: Rows
}

/** What cannot be opened keeps its wrap and its term, and no other from a new one. */
async function rewrapSome(
  { keys, random, witness }: EngineContext,
  rows: StoreWriter,
  known: Rows,
): Promise<Batch> {
  const damaged: Rows = new Map()
  const state = await rows.state()
  if (state === undefined) return { looked: 0, damaged }
  refuseOlder(state.generation, witness.known())
  const { storeId, stateKey } = keys.keyring
  const { keyringRevision } = openState(stateKey, storeId, state)
  const keyring = await keys.catchUp(rows, keyringRevision)
  const { term, kek } = activeTerm(keyring)
  const find = kekOf(keyring)
  const stale = await rows.versionsBelowTerm(term, BATCH + known.size)
  const left = known.size === 0 ? stale : stale.filter((row) => !known.has(rowOf(row)))
  for (const row of left) {
    const { id, version, path, envelope } = row
    const binding = { storeId, id, version, path }
    let fresh: Uint8Array
    try {
      fresh = rewrapEnvelope(envelope, find, kek, term, binding, random)
    } catch (error) {
      // With the newest keyring at hand, a term that it does not have is damage as well.
      if (!isCofferError(error, 'corrupt') && !isCofferError(error, 'sealed')) throw error
      damaged.set(rowOf(row), { id, version })
      continue
    }
    await rows.putVersion({ id, version, path, term, envelope: fresh })
  }
  return { looked: left.length, damaged }
}

const rowOf = ({ id, version }: VersionRow): string => `${id} ${version}`

/** As a person names them. A row's own path may be what is damaged, so it is taken from the heads. */
async function namesOf({ store, heads }: EngineContext, damaged: Rows): Promise<string[]> {
  if (damaged.size === 0) return []
  const ids = new Set([...damaged.values()].map(({ id }) => id))
  const paths = new Map<string, string>()
  await store.read(async (rows) => {
    for await (const row of allHeads(rows, 'secret')) {
      try {
        const { id, path } = heads.secret(row.path, row.head)
        if (ids.has(id)) paths.set(id, path)
      } catch (error) {
        if (!isCofferError(error, 'corrupt')) throw error
      }
    }
  })
  return [...damaged.values()].map(
    ({ id, version }) => `${paths.get(id) ?? `the secret with the id ${id}`} v${version}`,
  )
}

const beyondRepair = () =>
  new CofferError(
    'corrupt',
    `More than ${DAMAGED_MAX} versions cannot be opened: the rotation was given up.`,
    { remedy: 'Restore from a backup; keep the files as evidence.' },
  )

/** What to tell of a rotation that could not take everything along. */
export function leftBehind(names: readonly string[]): CofferError {
  const some = names.slice(0, DAMAGED_NAMED).join(', ')
  const more = names.length > DAMAGED_NAMED ? ' and more' : ''
  return new CofferError(
    'corrupt',
    `All but what is damaged was wrapped anew; ${some}${more} cannot be opened and keep the old term.`,
    { remedy: 'Restore them from a backup, or destroy them; then run `coffer key rotate` again.' },
  )
}
