import { isCofferError } from '../../core/errors.ts'
import type { StoreReader, VersionRow } from '../../core/ports/store.ts'
import { activeTerm } from '../../crypto/keyring.ts'
import { BREATHE_EVERY, breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'
import { allHeads } from '../integrity.ts'
import type { Batch, Met } from './rewrap.ts'
import { isUnder, newestKeyring, newestTerm, rewrapRows } from './rewrap.ts'

/** Of those that the heads speak of and that are not under the active term, in one transaction. */
const BATCH = 500

export interface Rewrapped {
  readonly rewrapped: number
  /** As a person names them: what keeps older terms alive. */
  readonly left: readonly string[]
  /** Whether some of that is of no secret. */
  readonly stray: boolean
  /** What is not left is under this term, or under a later one. */
  readonly term: number
}

/**
 * Looks for every live version that an authentic head speaks of, in the way in which a read does, and
 * brings what is not under the active term there, at the head's own path. So nothing that can be read
 * is passed by for what its row says or where in the file it is. `inPlace` is what was done before.
 */
export async function rewrapHidden(context: EngineContext, inPlace: Batch): Promise<Rewrapped> {
  const term = await newestTerm(context)
  const hidden = await hiddenFrom(context, term)
  const left: string[] = []
  let { rewrapped } = inPlace
  for (let from = 0; from < hidden.length; from += BATCH) {
    const batch = await rewrapAt(context, hidden.slice(from, from + BATCH))
    for (const { path, version } of batch.left) left.push(`${path} v${version}`)
    rewrapped += batch.rewrapped
    await breathe()
  }
  const spokenOf = new Set(hidden.map(keyOf))
  const strays = inPlace.left.filter((row) => !spokenOf.has(keyOf(row)))
  const still = await stillThere(context, strays, term)
  for (const { id, version } of still) left.push(`the secret with the id ${id} v${version}`)
  return { rewrapped, left, stray: still.length > 0, term }
}

const keyOf = ({ id, version }: Met): string => `${id} ${version}`

/** Live versions that are not to be found under that term. */
async function hiddenFrom({ store, heads }: EngineContext, term: number): Promise<Met[]> {
  const hidden: Met[] = []
  await store.read(async (rows) => {
    let looked = 0
    for await (const { path, head } of allHeads(rows, 'secret')) {
      const record = soundOr(() => heads.secret(path, head))
      if (record === undefined) continue
      for (const { number, state } of record.versions) {
        if (state !== 'live') continue
        const row = await rows.version(record.id, number)
        if (row?.path === path && isUnder(row, term)) continue
        hidden.push({ id: record.id, version: number, path })
      }
      looked += 1
      if (looked % BREATHE_EVERY === 0) await breathe()
    }
  })
  return hidden
}

/** What is gone by now, with its secret, is neither done nor left. */
async function rewrapAt(context: EngineContext, hidden: readonly Met[]): Promise<Batch> {
  return context.store.write(async (rows) => {
    const keyring = await newestKeyring(context, rows)
    const { term } = activeTerm(keyring)
    const work: VersionRow[] = []
    const gone: Met[] = []
    for (const met of hidden) {
      if (!(await isLive(context, rows, met))) continue
      const row = await rows.version(met.id, met.version)
      if (row === undefined) gone.push(met)
      else if (row.path !== met.path || !isUnder(row, term)) work.push({ ...row, path: met.path })
    }
    const { rewrapped, left } = await rewrapRows(context, rows, keyring, work)
    return { rewrapped, left: [...gone, ...left] }
  })
}

async function isLive(
  { heads }: EngineContext,
  rows: StoreReader,
  { id, version, path }: Met,
): Promise<boolean> {
  const row = await rows.head('secret', path)
  const record = row && soundOr(() => heads.secret(path, row.head))
  const its = record?.versions.find(({ number }) => number === version)
  return record?.id === id && its?.state === 'live'
}

/** Versions that no sound head speaks of, but for what was destroyed or mended meanwhile. */
async function stillThere(
  { store }: EngineContext,
  strays: readonly Met[],
  term: number,
): Promise<Met[]> {
  if (strays.length === 0) return []
  return store.read(async (rows) => {
    const found: Met[] = []
    for (const met of strays) {
      const row = await rows.version(met.id, met.version)
      if (row !== undefined && !isUnder(row, term)) found.push(met)
    }
    return found
  })
}

function soundOr<T>(open: () => T): T | undefined {
  try {
    return open()
  } catch (error) {
    if (isCofferError(error, 'corrupt')) return undefined
    throw error
  }
}
