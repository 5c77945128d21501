import { isCofferError } from '../../core/errors.ts'
import type { StoreReader, VersionRow } from '../../core/ports/store.ts'
import { activeTerm } from '../../crypto/keyring.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'
import { allHeads } from '../integrity.ts'
import type { Met } from './met-versions.ts'
import { keyOf } from './met-versions.ts'
import type { Batch, Walked } from './rewrap.ts'
import { isUnder, newestKeyring, rewrapRows } from './rewrap.ts'

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
 * Looks for every live version that an authentic head speaks of and that the walk has not met there, in
 * the way in which a read does, and brings what is not under the active term there, at the head's own
 * path. So nothing that can be read is passed by for what its row says or where in the file it is.
 */
export async function rewrapHidden(context: EngineContext, walked: Walked): Promise<Rewrapped> {
  const { term } = walked
  const hidden = await hiddenFrom(context, walked)
  const left: string[] = []
  let { rewrapped } = walked
  for (let from = 0; from < hidden.length; from += BATCH) {
    const batch = await rewrapAt(context, hidden.slice(from, from + BATCH))
    for (const { path, version } of batch.left) left.push(`${path} v${version}`)
    rewrapped += batch.rewrapped
    await breathe()
  }
  const spokenOf = new Set(hidden.map(keyOf))
  const strays = walked.left.filter((row) => !spokenOf.has(keyOf(row)))
  const still = await stillThere(context, strays, term)
  for (const { id, version } of still) left.push(`the secret with the id ${id} v${version}`)
  return { rewrapped, left, stray: still.length > 0, term }
}

/** Live versions that are not to be found under the term of the walk. */
async function hiddenFrom({ store, heads }: EngineContext, { term, met }: Walked): Promise<Met[]> {
  const hidden: Met[] = []
  await store.read(async (rows) => {
    for await (const { path, head } of allHeads(rows, 'secret')) {
      const record = soundOr(() => heads.passing(path, head))
      if (record === undefined) continue
      for (const { number: version, state } of record.versions) {
        const one = { id: record.id, version, path }
        if (state !== 'live' || met.has(one)) continue
        const row = await rows.version(one.id, version)
        if (row?.path !== path || !isUnder(row, term)) hidden.push(one)
      }
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
