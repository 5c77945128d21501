import type { Clock, Random } from '../core/ports/ambient.ts'
import type { Platform } from '../core/ports/platform.ts'

/** What every dialect of a running server works with. */
export interface Server {
  readonly gate: Gate
  readonly guard: Guard
  readonly options: ServerOptions
  readonly clock: Clock
  readonly random: Random
  readonly version: string
}

/** What a server was told; every field checked and filled in. */
export interface ServerOptions {
  readonly dialects: readonly DialectName[]
  /** Addresses or CIDRs of proxies whose `X-Forwarded-For` is believed; default none. */
  readonly trustedProxies: readonly string[]
  readonly aws: {
    /** 12 digits, part of every ARN. */
    readonly accountId: string
  }
}

export type DialectName = 'native' | 'aws' | 'vault'

/** Between the network and the store: a sealed server has no platform, and still answers. */
export interface Gate {
  /** @throws CofferError `sealed` */
  platform(): Platform
  status(): SealStatus
  /**
   * One share of the root key. When there are enough, the store is opened.
   * @throws `invalid_argument` for what is no share; `wrong_key` when they do not fit together
   */
  submit(share: string): Promise<SealStatus>
  /** Forgets the shares that were submitted. */
  reset(): SealStatus
  /** Closes the store and forgets its keys, on every worker. The caller has checked who asks. */
  seal(): Promise<void>
}

export interface SealStatus {
  readonly initialized: boolean
  readonly sealed: boolean
  /** The seal's kind: `key-file`, `shamir`. */
  readonly kind: string
  /** Shares that are needed, and that there are; 1 and 1 for a seal without shares. */
  readonly threshold: number
  readonly shares: number
  /** Submitted so far. */
  readonly progress: number
  /** Names the attempt; empty when there is none. */
  readonly nonce: string
  /** Absent while sealed. */
  readonly storeId?: string | undefined
}

/** What a request does, for limits. `probe` is health and the like. */
export type Operation = 'probe' | 'login' | 'read' | 'list' | 'write' | 'manage'

/** Limits and watchfulness, across all workers. */
export interface Guard {
  /** Before a credential is looked at. @throws `throttled` with `retryAfterSeconds` in its details */
  admitAddress(address: string): Promise<void> | void
  /** @throws `throttled` with `retryAfterSeconds` in its details */
  admit(actor: string, operation: Operation): Promise<void> | void
  /** A credential that was not good, or none where one is needed: counted, audited in aggregate. */
  refused(address: string, via: string): void
}
