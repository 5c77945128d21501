import { isCofferError } from '../../core/errors.ts'
import type { StoreWriter, VersionRow } from '../../core/ports/store.ts'
import { activeTerm } from '../../crypto/keyring.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext } from '../context.ts'
import { allHeads } from '../integrity.ts'
import type { Left, Rows } from './rewrap.ts'
import { newestKeyring, note, rewrapRows, termsOf } from './rewrap.ts'

const CHUNK = 1_000

/** A version that was left, and how a person finds it. */
export interface NamedLeft extends Left {
  readonly name: string
  /** No secret speaks of it. */
  readonly stray: boolean
}

/** What was looked through. */
export interface SecondLook {
  readonly rewrapped: number
  readonly left: readonly NamedLeft[]
  /** Every version but what is left is under this term, or under a later one. */
  readonly term: number
}

/**
 * Looks at every version before a key is destroyed. The columns by which versions are found are not
 * authentic, so the envelope's own word counts: what its row hid from the re-wrap is wrapped now, and
 * its columns are put right; what does not open at its row's path is tried at the one that its
 * secret's head says.
 */
export async function lookAgain(context: EngineContext): Promise<SecondLook> {
  const { store } = context
  const { term } = activeTerm(await store.read((rows) => newestKeyring(context, rows)))
  const left: Rows = new Map()
  let rewrapped = 0
  for (let after: Pick<VersionRow, 'id' | 'version'> | undefined; ;) {
    const chunk = await store.read((rows) => rows.versions(after, CHUNK))
    const missed = chunk.filter((row) => isBelow(row, term))
    if (missed.length > 0) {
      const batch = await store.write((rows) => rewrapNow(context, rows, missed))
      note(left, batch.left)
      rewrapped += batch.rewrapped
    }
    await breathe()
    after = chunk.at(-1)
    if (after === undefined || chunk.length < CHUNK) break
  }
  if (left.size === 0) return { rewrapped, left: [], term }
  const paths = await pathsOf(context, left)
  const tried = await store.write((rows) => rewrapNow(context, rows, [...left.values()], paths))
  return {
    rewrapped: rewrapped + tried.rewrapped,
    left: tried.left.map((row) => named(row, paths)),
    term,
  }
}

/** Whether any word of it says another term than that. */
const isBelow = (row: VersionRow, term: number): boolean =>
  termsOf(row).some((its) => its !== term) || row.envelope.length === 0

/** As they are by now, under the term that is active by now. */
async function rewrapNow(
  context: EngineContext,
  rows: StoreWriter,
  missed: readonly Pick<VersionRow, 'id' | 'version'>[],
  paths?: ReadonlyMap<string, string>,
): Promise<{ rewrapped: number; left: readonly Left[] }> {
  const keyring = await newestKeyring(context, rows)
  const { term } = activeTerm(keyring)
  const work: VersionRow[] = []
  for (const { id, version } of missed) {
    const row = await rows.version(id, version)
    if (row !== undefined && isBelow(row, term)) work.push(row)
  }
  if (paths === undefined) return rewrapRows(context, rows, keyring, work)
  const its = new Map<string, string>()
  for (const { id, path } of work) its.set(id, await pathNow(context, rows, id, path, paths))
  return rewrapRows(context, rows, keyring, work, ({ id }) => its.get(id)!)
}

/** The path of the head that speaks of `id`, or its row's own where none does any more. */
async function pathNow(
  { heads }: EngineContext,
  rows: StoreWriter,
  id: string,
  rowPath: string,
  paths: ReadonlyMap<string, string>,
): Promise<string> {
  const path = paths.get(id)
  const row = path === undefined ? undefined : await rows.head('secret', path)
  if (path === undefined || row === undefined) return rowPath
  return heads.secret(path, row.head).id === id ? path : rowPath
}

/** By the ids of secrets. A row's own path may be what is damaged, so it is taken from the heads. */
async function pathsOf({ store, heads }: EngineContext, left: Rows): Promise<Map<string, string>> {
  const ids = new Set([...left.values()].map(({ id }) => id))
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
  return paths
}

function named(row: Left, paths: ReadonlyMap<string, string>): NamedLeft {
  const path = paths.get(row.id)
  const secret = path ?? `the secret with the id ${row.id}`
  return { ...row, name: `${secret} v${row.version}`, stray: path === undefined }
}
