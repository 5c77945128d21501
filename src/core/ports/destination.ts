import type { Secret } from '../secret.ts'

/**
 * One place that secrets are delivered to: a project of a host, a repository, a namespace's object,
 * a file. Adding a kind is one file in src/adapters/destinations, its test, and one line in the
 * registry.
 *
 * It tells absent, denied, throttled, unavailable, timeout and corrupt apart by these codes, puts no
 * value and no vendor's body into an error, and never touches an entry that it was not told to.
 */
export interface Destination {
  /** As the manifest and the registry call it: `vercel`. */
  readonly kind: string
  /**
   * The place's name, stable between runs and the same for whoever delivers there:
   * `vercel:prj_1/production`, `github:acme/shop`, `dotenv:out.env`. In the form of a path, `KIND:` in
   * front; what policies allow and the ledger is kept by.
   */
  readonly id: string
  /**
   * What policies allow in place of the id, and audit events name, where options say who gets to see
   * what is there: `github:acme/visibility=all`. Of the same form.
   */
  readonly audience?: string | undefined
  /** Whether `list` can tell the fingerprint of what is there. Otherwise it is write-only. */
  readonly readable: boolean
  /**
   * Whether `list` names the owner of every entry that `apply` wrote: one without is then nobody's,
   * whatever the ledger says. Absent: there is no room for a mark.
   */
  readonly marks?: boolean | undefined
  /**
   * It is on this machine (a file): the same id is another place elsewhere. The marks there alone say
   * what is ours, and no ledger is kept. Needs `readable` and `marks`.
   */
  readonly local?: boolean | undefined
  readonly limits: DestinationLimits
  /** How many changes one `apply` carries. Those of one call may be made as one (an object, a file). */
  readonly batchMax: number
  /**
   * Everything that is there, also what is not ours, and nothing of its values. `names`: those that
   * are of interest, where the place can be asked for them only.
   * @throws CofferError `denied`, `unauthenticated`, `not_found` (the place itself), `throttled`,
   * `unavailable`, `timeout`, `corrupt`
   */
  list(context: DeliveryContext, names: readonly string[]): Promise<readonly DestinationEntry[]>
  /**
   * The time by the place's own clock, which `createdAt` and `updatedAt` of its entries are told by; as
   * fine as they are, and never later than it is. For places with neither marks nor readable values: what
   * came into being right after is known to be ours by it. Undefined: it does not say.
   * @throws CofferError as `list`
   */
  now?(context: DeliveryContext): Promise<number | undefined>
  /**
   * Makes the changes. Answers in their order and does not reject: a change either happened or did
   * not. `unknown`: it may have happened (no answer came). What is to be removed and is not there
   * is done. A `revision` in the answer is what `list` says afterwards.
   */
  apply(context: DeliveryContext, changes: readonly DestinationChange[]): Promise<ApplyAnswer[]>
  /**
   * Whether such a value can be there at all, beyond the limits: asked before anything is changed.
   * @throws CofferError `invalid_value`, which says nothing of the value
   */
  accepts?(name: string, value: Uint8Array): void
  /**
   * What is to follow a delivery: restart what reads it, deploy anew. Absent: nothing is. After all
   * changes of a run, when there were any, and again with the next run until it succeeded once: what it
   * did already, it does no second time where the place can tell.
   */
  finish?(context: DeliveryContext): Promise<void>
  /**
   * What a person should know of the place before anything is delivered there, a sentence each, with
   * what to do about it.
   */
  warnings?(): Promise<readonly string[]>
  close?(): Promise<void>
}

export interface DestinationLimits {
  /** What a name may be there, and how to say so: `letters, digits and _`. */
  readonly name: { readonly pattern: RegExp; readonly says: string; readonly charsMax: number }
  readonly valueBytesMax: number
  /** Of all entries there together, and how many: foreign ones count as far as `list` tells. */
  readonly totalBytesMax?: number | undefined
  readonly entriesMax?: number | undefined
  /** Values that are no UTF-8 text, or hold NUL, cannot be put there. */
  readonly textOnly: boolean
}

/** What a destination is given with every call. */
export interface DeliveryContext {
  readonly signal: AbortSignal
  /** Keyed; 32 hex digits. Says nothing of the value to who has no key, so it may be left there. */
  fingerprint(value: Uint8Array): string
  /** Who owns what is written now: `shop/prod`. Left as a mark where the place can hold one. */
  readonly owner: string
}

export interface DestinationEntry {
  readonly name: string
  /** The mark that is there: an owner as in `DeliveryContext`; absent: nobody's, or it holds none. */
  readonly owner?: string | undefined
  /** Of the value, where it can be read or the mark says it. */
  readonly fingerprint?: string | undefined
  /** Changes whenever anybody writes the entry: an etag, a resource version, `updated_at`. */
  readonly revision?: string | undefined
  /** Milliseconds since 1970 UTC, as the place says. */
  readonly createdAt?: number | undefined
  readonly updatedAt?: number | undefined
  readonly bytes?: number | undefined
}

export type DestinationChange = PutChange | RemoveChange

export interface PutChange {
  readonly kind: 'put'
  readonly name: string
  readonly secret: Secret<unknown>
  /** In the manifest, for the mark: `shop/prod/api/stripe-key`. */
  readonly path: string
  readonly version?: number | undefined
  /**
   * What must be there: nothing, this entry as `list` told of it, or either. Checked there in the
   * same step where the place can; `conflict` otherwise.
   */
  readonly expected: 'absent' | DestinationEntry | 'any'
  /** What the manifest says of the secret, for places that keep it too. */
  readonly about?: SecretFacts | undefined
}

export interface RemoveChange {
  readonly kind: 'remove'
  readonly name: string
  readonly expected: DestinationEntry
}

export interface SecretFacts {
  readonly description?: string | undefined
  readonly owner?: string | undefined
  readonly classification?: string | undefined
  readonly rotateEveryDays?: number | undefined
}

export type ApplyAnswer =
  | {
      readonly done: true
      readonly revision?: string | undefined
      readonly updatedAt?: number | undefined
    }
  | { readonly done: false; readonly error: unknown; readonly unknown?: boolean | undefined }
