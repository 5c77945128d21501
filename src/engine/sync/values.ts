import { isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ReadAnswer, SecretRecord } from '../../core/ports/coffer.ts'
import type { Destination } from '../../core/ports/destination.ts'
import type { ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import type { SyncEntry, SyncWorld } from './sync.ts'

/** What reading one entry's value came to. Absent: there is no such secret. */
export type Found =
  | { readonly kind: 'value'; readonly bytes: Uint8Array; readonly version?: number | undefined }
  /** `where`: the place where another provider looked. */
  | { readonly kind: 'absent'; readonly where?: string | undefined }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface Ask {
  readonly entry: SyncEntry
  /** This one and no other. */
  readonly version?: number | undefined
}

/**
 * Reads values to be delivered to a destination, each decided and audited with it before it is had,
 * and hands them to `use`, a batch at a time; their bytes are erased when `use` has returned.
 */
export async function readForDelivery(
  world: SyncWorld,
  { id, audience = id }: Pick<Destination, 'id' | 'audience'>,
  asks: readonly Ask[],
  use: (found: readonly Found[], asks: readonly Ask[]) => void | Promise<void>,
): Promise<void> {
  for (let from = 0; from < asks.length; from += READ_AT_ONCE) {
    const batch = asks.slice(from, from + READ_AT_ONCE)
    const found = await readBatch(world, audience, batch)
    try {
      await use(found, batch)
    } finally {
      for (const one of found) if (one.kind === 'value') one.bytes.fill(0)
    }
  }
}

/**
 * The version that a read would give now, where that can be told without the value: undefined where
 * it cannot, or where a read would be refused.
 */
export async function currentVersions(
  world: SyncWorld,
  entries: readonly SyncEntry[],
): Promise<Map<string, number>> {
  const now = world.clock()
  const versions = new Map<string, number>()
  const byFolder = Map.groupBy(new Set(entries.map(({ ref }) => ref.key)), (path) =>
    path.slice(0, Math.max(0, path.lastIndexOf('/'))),
  )
  for (const [folder, paths] of byFolder) {
    const wanted = new Set(paths)
    for await (const record of recordsIn(world, folder, wanted)) {
      const version = readable(record, now)
      if (version !== undefined) versions.set(record.path, version)
    }
  }
  return versions
}

/** Whether what is delivered is a version of ours and no part of one: its number says which value. */
export const isWhole = ({ ref: { field, encoding }, elsewhere }: SyncEntry): boolean =>
  elsewhere === undefined && field === undefined && encoding === undefined

/** Values of up to 64 KiB each, so many at once. */
const READ_AT_ONCE = 200
/** Asked one by one, where a page of the folder would be mostly others. */
const DESCRIBED_MAX = 3

async function* recordsIn(
  { coffer }: SyncWorld,
  folder: string,
  wanted: ReadonlySet<string>,
): AsyncGenerator<SecretRecord> {
  if (wanted.size <= DESCRIBED_MAX) {
    for (const path of wanted) {
      const record = await coffer.describe(path).catch(unlessDenied)
      if (record !== undefined) yield record
    }
    return
  }
  const limit = LIMITS.pageSizeMax
  let cursor: string | undefined
  do {
    const query = { prefix: folder, folders: true, limit, cursor }
    const page = await coffer.list(query).catch(unlessDenied)
    if (page === undefined) return
    for (const record of page.items) if (wanted.has(record.path)) yield record
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** Who may deliver need not be allowed to see more: the value is read then. */
function unlessDenied(error: unknown): undefined {
  if (!isCofferError(error, 'denied')) throw error
}

function readable(record: SecretRecord, now: number): number | undefined {
  const number = record.labels['current']
  const version = record.versions.find((one) => one.number === number)
  const isUsable =
    record.deletedAt === undefined &&
    version?.state === 'live' &&
    version.disabled !== true &&
    version.deletedAt === undefined &&
    (version.notBefore ?? 0) <= now &&
    (version.expiresAt ?? Infinity) > now
  return isUsable ? number : undefined
}

async function readBatch(
  world: SyncWorld,
  deliverTo: string,
  asks: readonly Ask[],
): Promise<Found[]> {
  const answers = await world.coffer.readMany(
    asks.map(({ entry: { path, ref, elsewhere }, version }) =>
      elsewhere === undefined
        ? { path: ref.key, version: version ?? ref.version, label: ref.label, deliverTo }
        : { path, deliverTo, elsewhere },
    ),
  )
  const foreign = asks.flatMap(({ entry }, i) =>
    entry.elsewhere === undefined || 'error' in (answers[i] ?? {}) ? [] : [entry.ref],
  )
  const values = foreign.length === 0 ? [] : await world.elsewhere(foreign)
  let next = 0
  const found = asks.map(({ entry: { ref, elsewhere } }, i) => {
    const answer = answers[i]
    const here = elsewhere === undefined || answer === undefined || 'error' in answer
    return foundOf(world, ref, here ? answer : values[next++])
  })
  for (const answer of answers) if (!('error' in answer)) answer.value?.secret.erase()
  return found
}

function foundOf(
  world: SyncWorld,
  ref: ProviderRef,
  answer: ReadAnswer | ProviderAnswer | undefined,
): Found {
  if (answer === undefined) return { kind: 'failed', error: new Error('There is no answer.') }
  if ('error' in answer) return { kind: 'failed', error: answer.error }
  if (answer.value === undefined) {
    return { kind: 'absent', where: 'where' in answer ? answer.where : undefined }
  }
  const { secret, version } = answer.value
  try {
    return { kind: 'value', bytes: world.material(ref, secret), version }
  } catch (error) {
    return { kind: 'failed', error }
  }
}
