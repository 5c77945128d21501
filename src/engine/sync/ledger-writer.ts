import { hash } from 'node:crypto'
import { CofferError, isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { compareUtf8 } from '../../core/utf8-order.ts'
import type { WriteInput } from '../../core/ports/coffer.ts'
import { ledgerPath, shardPath } from './ledger.ts'
import type { Ledger, LedgerEntry, LedgerPlace } from './ledger.ts'
import { writeHead, writeShard } from './ledger-form.ts'
import type { SyncWorld } from './sync.ts'

export type LedgerChanges = ReadonlyMap<string, LedgerEntry | undefined>

/** The only one who writes a ledger, for as long as its lease holds. */
export interface LedgerWriter {
  readonly entries: ReadonlyMap<string, LedgerEntry>
  /** Instant of the last write. */
  readonly writtenAt: number
  /** As the ledger's; written with the next write. */
  owed: boolean
  /**
   * Writes changed entries (undefined: taken out) and renews the lease, or gives it back at the `end`:
   * all in one transaction, and only if nobody else has written since.
   * @throws CofferError `conflict` when the lease was lost, `limit_exceeded`, and what writing throws
   */
  write(changes: LedgerChanges, end: boolean): Promise<void>
}

/**
 * Goes on from a ledger that was loaded. Its first write takes the lease.
 * @throws CofferError `conflict` while another holds it
 */
export function ledgerWriter(
  ledger: Ledger,
  world: SyncWorld,
  place: LedgerPlace | undefined = ledger.place,
): LedgerWriter {
  const { destination } = ledger
  const { actor, coffer, clock, random } = world
  refuseLeased(ledger, world)
  const by = `${actor}#${Buffer.from(random(4)).toString('hex')}`
  const entries = new Map(ledger.entries)
  const form: Form = {
    shards: spread(entries, Math.max(1, ledger.stamps.length)),
    stamps: ledger.stamps,
  }
  let version = ledger.version
  let last = ledger.last
  let writtenAt = 0

  return {
    entries,
    owed: ledger.owed === true,
    get writtenAt() {
      return writtenAt
    },
    async write(changes, end) {
      const now = clock()
      const dirty = change(form, entries, changes)
      const stamp = Buffer.from(random(8)).toString('hex')
      form.stamps = form.shards.map((_, i) => (dirty.has(i) ? stamp : (form.stamps[i] ?? stamp)))
      if (changes.size > 0) last = { at: now, by: actor }
      const head = writeHead(destination, {
        key: ledger.key,
        lease: end
          ? undefined
          : { by, until: now + LIMITS.syncLeaseMs, process: world.process?.mark },
        last,
        place,
        owed: this.owed,
        owners: [...new Set([...entries.values()].map(({ owner }) => owner))].toSorted(compareUtf8),
        stamps: form.stamps,
      })
      const items = [
        { path: ledgerPath(destination), input: documentInput(head, version) },
        ...[...dirty].map((i) => ({
          path: shardPath(destination, form.shards.length, i),
          input: documentInput(writeShard(stamp, form.shards[i] ?? new Map())),
        })),
      ]
      try {
        const [receipt] = await coffer.writeMany(items)
        version = receipt?.version ?? version
        writtenAt = now
      } catch (error) {
        throw isCofferError(error, 'conflict') ? lost(destination, error) : error
      }
    },
  }
}

/** Further ahead no holder writes it: a clock that ran ahead must keep nobody out. */
const LEASE_MS_AHEAD = 2 * LIMITS.syncLeaseMs

/** @throws CofferError `conflict` while somebody syncs */
function refuseLeased({ destination, lease }: Ledger, { clock, process }: SyncWorld): void {
  const now = clock()
  if (lease === undefined || lease.until <= now || lease.until > now + LEASE_MS_AHEAD) return
  if (lease.process !== undefined && process?.isGone(lease.process) === true) return
  const who = lease.by.replace(/#[0-9a-f]*$/, '')
  const until = new Date(lease.until).toISOString()
  throw new CofferError('conflict', `${who} is syncing ${destination}, until ${until} at most.`, {
    remedy: 'Try again when it has finished; what died ends by itself.',
    details: { by: who, until },
  })
}

/** A shard is written again as a whole, and must stay a value that any store takes. */
const SHARD_BYTES_MAX = 49_152

interface Form {
  shards: readonly Map<string, LedgerEntry>[]
  stamps: readonly string[]
}

/** Returns which shards are other than they were. */
function change(
  form: Form,
  entries: Map<string, LedgerEntry>,
  changes: LedgerChanges,
): ReadonlySet<number> {
  const dirty = new Set<number>(form.stamps.length === 0 ? form.shards.keys() : [])
  for (const [name, entry] of changes) {
    const index = indexOf(name, form.shards.length)
    dirty.add(index)
    for (const map of [entries, form.shards[index]]) {
      if (entry === undefined) map?.delete(name)
      else map?.set(name, entry)
    }
  }
  if (entries.size > LIMITS.syncEntriesMax) {
    throw new CofferError(
      'limit_exceeded',
      `At most ${LIMITS.syncEntriesMax} entries are delivered to one destination.`,
    )
  }
  if (![...dirty].some((i) => isFull(form.shards[i]))) return dirty
  while (form.shards.some(isFull)) form.shards = spread(entries, form.shards.length * 2)
  return new Set(form.shards.keys())
}

const spread = (
  entries: ReadonlyMap<string, LedgerEntry>,
  count: number,
): readonly Map<string, LedgerEntry>[] => {
  const shards = Array.from({ length: count }, () => new Map<string, LedgerEntry>())
  for (const [name, entry] of entries) shards[indexOf(name, count)]?.set(name, entry)
  return shards
}

const isFull = (shard: ReadonlyMap<string, LedgerEntry> | undefined): boolean =>
  shard !== undefined &&
  shard.size > 1 &&
  Buffer.byteLength(JSON.stringify([...shard])) > SHARD_BYTES_MAX

const indexOf = (name: string, shards: number): number =>
  hash('sha256', name, 'buffer').readUInt32BE(0) % shards

/** Never due, few versions: it is a record, and no secret of anybody's. */
const documentInput = (
  value: NonNullable<WriteInput['value']>,
  ifVersion?: number,
): WriteInput => ({
  value,
  ifVersion,
  type: { name: 'json' },
  maxVersions: LEDGER_VERSIONS,
  rotation: { everyDays: LIMITS.rotateEveryDaysMax, automatic: false },
})

const LEDGER_VERSIONS = 5

const lost = (destination: string, cause: unknown) =>
  new CofferError('conflict', `Somebody else has synced ${destination} since it was looked at.`, {
    remedy: 'Make the plan again.',
    cause,
  })
