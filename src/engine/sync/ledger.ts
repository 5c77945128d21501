import { createHmac, hash } from 'node:crypto'
import { CofferError, isCofferError } from '../../core/errors.ts'
import type { Random } from '../../core/ports/ambient.ts'
import type { Coffer, SecretVersion } from '../../core/ports/coffer.ts'
import type { JsonObject } from '../../core/value.ts'
import type { SyncWorld } from './sync.ts'
import { readHead, readShard } from './ledger-form.ts'

/** What was delivered to one destination, by whomever; docs/formats/ledger.md. */
export interface Ledger {
  readonly destination: string
  /** Of the fingerprints. */
  readonly key: Uint8Array
  readonly lease?: Lease | undefined
  /** The last run that changed something. */
  readonly last?: { readonly at: number; readonly by: string } | undefined
  readonly place?: LedgerPlace | undefined
  /** Something was delivered, and what is to follow a delivery has not been done. */
  readonly owed?: boolean | undefined
  readonly entries: ReadonlyMap<string, LedgerEntry>
  /** Of its first document in the store; 0: there is none yet. */
  readonly version: number
  /** Of its other documents, as many as there are; none before it is written first. */
  readonly stamps: readonly string[]
}

/** Who syncs now. Ends by itself. */
export interface Lease {
  /** The actor, `#`, and 8 hex digits of the run. */
  readonly by: string
  readonly until: number
  /** What tells whether the process lives, to another of the same machine. */
  readonly process?: string | undefined
}

/** How the destination was opened, so that it can be when no manifest names it any more. */
export interface LedgerPlace {
  readonly kind: string
  readonly options: JsonObject
}

export interface LedgerEntry {
  readonly owner: string
  readonly path: string
  /** What we know to have put there; absent: nothing. */
  readonly there?: Delivered | undefined
  /** What was begun, and how it ended was not heard. */
  readonly intent?: Intent | undefined
}

export interface Delivered {
  readonly fingerprint: string
  readonly bytes: number
  readonly version?: number | undefined
  /** As the destination told of it right after. */
  readonly revision?: string | undefined
  readonly at: number
}

export type Intent =
  | {
      readonly kind: 'put'
      readonly fingerprint: string
      readonly bytes: number
      /** Nothing was there then, by the place's own clock. */
      readonly absentAt?: number | undefined
    }
  | { readonly kind: 'remove' }

export const LEDGERS = 'coffer/sync'

/** `coffer/sync/vercel-prj_1-production-1f9e0a3b5c7d`: to be read by people, and one for each id. */
export function ledgerPath(destination: string): string {
  const readable = destination.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 80)
  return `${LEDGERS}/${readable}-${hash('sha256', destination, 'hex').slice(0, 12)}`
}

export const shardPath = (destination: string, shards: number, index: number): string =>
  `${ledgerPath(destination)}/${shards}-${index}`

/** Keyed; 32 hex digits. */
export const fingerprintWith =
  (key: Uint8Array) =>
  (value: Uint8Array): string =>
    createHmac('sha256', key).update(value).digest('hex').slice(0, 32)

/** One that nothing is in yet. Its key becomes known when it is written first. */
export const newLedger = (destination: string, random: Random): Ledger => ({
  destination,
  key: random(32),
  entries: new Map(),
  version: 0,
  stamps: [],
})

/**
 * The ledger as one writer left it, never half of one and half of the next.
 * @throws CofferError `corrupt` when it is not one of that destination, `denied`, and what reading throws
 */
export async function loadLedger(
  { coffer, random }: Pick<SyncWorld, 'coffer' | 'random'>,
  destination: string,
): Promise<Ledger> {
  for (let tries = 1; ; tries++) {
    const found = await tryLoad(coffer, destination)
    if (found === undefined) return newLedger(destination, random)
    if (found !== 'moved') return found
    if (tries === TRIES) {
      throw new CofferError('corrupt', `The ledger of ${destination} does not fit together.`, {
        remedy: `Roll the secrets below ${ledgerPath(destination)} back to versions that do.`,
      })
    }
  }
}

const TRIES = 5

async function tryLoad(coffer: Coffer, destination: string): Promise<Ledger | 'moved' | undefined> {
  const [head] = await readAll(coffer, destination, [ledgerPath(destination)])
  if (head === undefined) return undefined
  const facts = readHead(destination, head.secret.reveal())
  const { stamps } = facts
  const paths = stamps.map((_, i) => shardPath(destination, stamps.length, i))
  const entries = new Map<string, LedgerEntry>()
  for (const [i, found] of (await readAll(coffer, destination, paths)).entries()) {
    const shard = found && readShard(destination, found.secret.reveal())
    if (shard?.stamp !== stamps[i]) return 'moved'
    for (const [name, entry] of shard?.entries ?? []) entries.set(name, entry)
  }
  return { destination, ...facts, entries, version: head.version }
}

async function readAll(
  coffer: Coffer,
  destination: string,
  paths: readonly string[],
): Promise<(SecretVersion | undefined)[]> {
  const answers = await coffer.readMany(paths.map((path) => ({ path })))
  return answers.map((answer, i) => {
    if (!('error' in answer)) return answer.value
    if (!isCofferError(answer.error, 'denied')) throw answer.error
    throw new CofferError('denied', `The ledger of ${destination} may not be used.`, {
      remedy: 'Somebody who may change policies runs `coffer sync allow --env NAME --actor WHO`.',
      details: { path: paths[i] ?? '' },
    })
  })
}
