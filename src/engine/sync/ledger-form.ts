import { CofferError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/value.ts'
import type { Delivered, Intent, Lease, Ledger, LedgerEntry, LedgerPlace } from './ledger.ts'

/** How a ledger is written; docs/formats/ledger.md. */
const FORMAT = 1

export type LedgerHead = Pick<Ledger, 'key' | 'lease' | 'last' | 'place' | 'owed'> & {
  /** Of the entries, each once, ascending. */
  readonly owners: readonly string[]
  /** Of each shard, changed whenever it is written. */
  readonly stamps: readonly string[]
}

export const writeHead = (
  destination: string,
  { key, lease, last, owners, owed, place, stamps }: LedgerHead,
) =>
  prune({
    format: FORMAT,
    destination,
    key: Buffer.from(key).toString('base64'),
    lease: lease && prune({ ...lease }),
    last: last && { ...last },
    place: place && { ...place },
    owed: owed === true ? true : undefined,
    owners: [...owners],
    stamps: [...stamps],
  })

/** @throws CofferError `corrupt` */
export function readHead(destination: string, value: unknown): LedgerHead {
  const { format, destination: of, ...rest } = objectOf(destination, value)
  const { key, lease, last, owners, owed, place, stamps } = rest
  if (typeof format === 'number' && format > FORMAT) {
    throw new CofferError('store_newer', `A newer Coffer wrote the ledger of ${destination}.`)
  }
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : Buffer.alloc(0)
  const fits =
    format === FORMAT &&
    of === destination &&
    bytes.length === 32 &&
    isTexts(stamps) &&
    stamps.length >= 1 &&
    isTexts(owners)
  if (!fits) throw corrupt(destination)
  return {
    key: new Uint8Array(bytes),
    lease: isLease(lease) ? lease : undefined,
    last: isNote(last, 'at') ? { by: last.by, at: last.at } : undefined,
    place: isPlace(place) ? { kind: place.kind, options: place.options } : undefined,
    owed: owed === true,
    owners,
    stamps,
  }
}

export const writeShard = (stamp: string, entries: ReadonlyMap<string, LedgerEntry>): JsonObject =>
  prune({
    format: FORMAT,
    stamp,
    // Pairs: a name may be `__proto__`.
    entries: [...entries].map(([name, { owner, path, there, intent }]) => [
      name,
      prune({
        owner,
        path,
        there: there && prune({ ...there }),
        intent: intent && prune({ ...intent }),
      }),
    ]),
  })

/** @throws CofferError `corrupt` */
export function readShard(
  destination: string,
  value: unknown,
): { stamp: string; entries: [string, LedgerEntry][] } {
  const { format, stamp, entries } = objectOf(destination, value)
  if (format !== FORMAT || typeof stamp !== 'string' || !Array.isArray(entries)) {
    throw corrupt(destination)
  }
  return {
    stamp,
    entries: entries.map((pair) => {
      if (!Array.isArray(pair) || typeof pair[0] !== 'string') throw corrupt(destination)
      return [pair[0], entryOf(destination, pair[1])]
    }),
  }
}

function entryOf(destination: string, value: JsonValue | undefined): LedgerEntry {
  const { owner, path, there, intent } = objectOf(destination, value)
  const fits =
    typeof owner === 'string' &&
    typeof path === 'string' &&
    (there === undefined || isDelivered(there)) &&
    (intent === undefined || isIntent(intent))
  if (!fits) throw corrupt(destination)
  return { owner, path, there, intent }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function isDelivered(value: unknown): value is Delivered & JsonObject {
  if (!isObject(value)) return false
  const { fingerprint, bytes, at, version, revision } = value
  return (
    typeof fingerprint === 'string' &&
    typeof bytes === 'number' &&
    typeof at === 'number' &&
    (version === undefined || typeof version === 'number') &&
    (revision === undefined || typeof revision === 'string')
  )
}

const isIntent = (value: unknown): value is Intent & JsonObject =>
  isObject(value) &&
  (value['kind'] === 'remove' ||
    (value['kind'] === 'put' &&
      typeof value['fingerprint'] === 'string' &&
      typeof value['bytes'] === 'number' &&
      ['undefined', 'number'].includes(typeof value['absentAt'])))

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')

const isPlace = (value: unknown): value is LedgerPlace =>
  isObject(value) && typeof value['kind'] === 'string' && isObject(value['options'])

const isLease = (value: unknown): value is Lease =>
  isNote(value, 'until') && (!('process' in value) || typeof value.process === 'string')

const isNote = <K extends string>(
  value: unknown,
  key: K,
): value is { by: string } & Record<K, number> =>
  isObject(value) && typeof value['by'] === 'string' && typeof value[key] === 'number'

function objectOf(destination: string, value: unknown): Record<string, JsonValue | undefined> {
  if (isObject(value)) return value as Record<string, JsonValue | undefined>
  throw corrupt(destination)
}

/** Without the members that are absent, as JSON has them. */
const prune = (object: Record<string, unknown>): JsonObject =>
  Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined),
  ) as JsonObject

const corrupt = (destination: string) =>
  new CofferError('corrupt', `What is kept as the ledger of ${destination} is none.`, {
    remedy: 'Roll the secret back to a version that is one.',
  })
