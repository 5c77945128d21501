import type { Clock, Random } from '../../core/ports/ambient.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Destination, DestinationEntry, SecretFacts } from '../../core/ports/destination.ts'
import type { ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import type { Secret } from '../../core/secret.ts'
import type { Ledger, LedgerPlace } from './ledger.ts'

/** Everything that syncing uses of the world. */
export interface SyncWorld {
  /** Bound to who syncs: values are read with `deliver`, ledgers with `read` and `write`. */
  readonly coffer: Coffer
  /** Who syncs, for the ledger: a client of a server may not know it by itself. */
  readonly actor: string
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** What tells this process from others, and which of this machine have ended: a lease ends with its holder. */
  readonly process?:
    { readonly mark: string | undefined; isGone(mark: string): boolean } | undefined
  /** Answers in order for what is held elsewhere. Asked once it is allowed. */
  readonly elsewhere: (refs: readonly ProviderRef[]) => Promise<readonly ProviderAnswer[]>
  /** What is delivered of a value: its field, decoded; bytes of their own. @throws CofferError `invalid_value` */
  readonly material: (ref: ProviderRef, secret: Secret<unknown>) => Uint8Array
}

/** One place with all that one project and environment wants there. */
export interface SyncTarget {
  readonly destination: Destination
  /** `shop/prod`. What is there of the same owner and not in `entries` is deleted. */
  readonly owner: string
  /** No two of one name. */
  readonly entries: readonly SyncEntry[]
  /** How it was opened, kept in the ledger. */
  readonly place?: LedgerPlace | undefined
}

export interface SyncEntry {
  /** There. */
  readonly name: string
  /** Of the secret, canonical, for policies, marks and people: `shop/prod/api/stripe-key`. */
  readonly path: string
  /** Its key is the canonical path, unless it is held elsewhere. */
  readonly ref: ProviderRef
  /** By another provider: how policies name what it holds there, `aws:/shop/prod/api/key`. */
  readonly elsewhere?: string | undefined
  /** How a command is told which secret it is: `api/stripe-key --env prod`. Absent: by its path. */
  readonly words?: string | undefined
  /** Absent is no finding: nothing is wanted there then. */
  readonly optional?: boolean | undefined
  readonly about?: SecretFacts | undefined
}

/**
 * - `create`, `update`: a value goes there. `adopt`: over a foreign one, because somebody said so.
 * - `drifted`: ours was changed behind our back, and is overwritten.
 * - `delete`: ours, and no longer declared. `forget`: the same, and no longer there.
 * - `refused`: nothing is done, and somebody has to look.
 */
export type PlanAction =
  'create' | 'update' | 'adopt' | 'drifted' | 'delete' | 'forget' | 'unchanged' | 'refused'

export interface PlanItem {
  readonly name: string
  readonly path: string
  readonly action: PlanAction
  /** Stable, in snake case: `new`, `changed`, `not_ours`, or an error's code. */
  readonly reason: string
  /** Of what is refused, for a person. */
  readonly message?: string | undefined
  readonly remedy?: string | undefined
  /** Of the value that is to be there. */
  readonly version?: number | undefined
  readonly bytes?: number | undefined
}

/** What one apply would do at one place. Holds no value; `items` say nothing of any. */
export interface SyncPlan {
  readonly destination: string
  readonly owner: string
  /** By name. Two plans of the same state are the same. */
  readonly items: readonly PlanItem[]
  readonly ledger: Ledger
  readonly steps: ReadonlyMap<string, PlanStep>
  /** What is to follow a delivery was not done after the last: it is tried again. */
  readonly owed: boolean
  /** What a person should know of the place, a sentence each. */
  readonly warnings: readonly string[]
  /** What goes makes the room that what comes needs: it has to go first. */
  readonly removeFirst: boolean
}

/** What `applySync` needs of an item that changes something. */
export interface PlanStep {
  readonly entry?: SyncEntry | undefined
  readonly found?: DestinationEntry | undefined
  readonly fingerprint?: string | undefined
}

export type SyncOutcome =
  'done' | 'failed' | 'unknown' | 'skipped' | 'kept' | 'refused' | 'unchanged'

export interface SyncResult {
  readonly item: PlanItem
  readonly outcome: SyncOutcome
  readonly error?: unknown
}

export interface SyncReport {
  readonly destination: string
  /** In the plan's order. */
  readonly results: readonly SyncResult[]
  /** What kept the run from its end, where it was none of the entries. */
  readonly error?: unknown
}

/** Whether it would take away all that is ours at a place, which somebody has to mean. */
export const isEmptying = (items: readonly PlanItem[]): boolean =>
  items.some(({ action }) => action === 'delete') &&
  items.every(({ action }) => action === 'delete' || action === 'forget')

/** Whether an apply does anything. */
export const isWork = ({ items, owed }: SyncPlan): boolean => owed || items.some(isChange)

/** Of the entries, those that something is done about. */
export const isChange = ({ action }: PlanItem): boolean =>
  action !== 'unchanged' && action !== 'refused'
