import type { CofferError } from '../core/errors.ts'
import type { Clock, Random } from '../core/ports/ambient.ts'
import type { Presented } from '../core/ports/identities.ts'
import type { Operator, Platform } from '../core/ports/platform.ts'

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
    /** Programs that a setting may name to stand for a rotation function; default none. */
    readonly rotationCommands?: readonly string[] | undefined
  }
}

export type DialectName = 'native' | 'aws' | 'vault'

/** Between the network and the store: a sealed server has no platform, and still answers. */
export interface Gate {
  /** @throws CofferError `sealed` */
  platform(): Platform
  /** `Platform.shareLook`; nothing while sealed. */
  shareLook(): void
  status(): SealStatus
  /**
   * One share of the root key. When there are enough, the store is opened; the same one again
   * counts once, and in an open store nothing happens.
   * @throws `invalid_argument` for what is no share; `wrong_key` for one of another store, or when
   * they do not fit together; what opening a store throws
   */
  submit(share: string, from?: Presented): Promise<SealStatus>
  /**
   * Forgets the shares that were submitted. Nothing happens when none came from the address of who
   * asks: a stranger must not keep others from unsealing.
   */
  reset(from?: Presented): Promise<SealStatus>
  /**
   * Closes the store and forgets its keys, on every worker. Needs `admin` on `store:seal`; audited.
   * Only a seal that takes shares can be opened again without a restart.
   * @throws `denied`, `sealed`
   */
  seal(by: Operator): Promise<void>
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
  /**
   * Before the credentials of a login are looked at; `login` names what is logged in to (a role id),
   * never a secret. Use `loggingIn` of caller.ts, which tells how it ended.
   * @throws `throttled`: too many logins from this address, or too many failed ones of this name
   */
  admitLogin(address: string, login: string): Promise<void> | void
  loginEnded(address: string, login: string, good: boolean): void
  /**
   * A credential that was not good, none where one is needed, a request that makes no sense: counted,
   * audited in aggregate. `code` is the error's. Never throws. Returns `throttled`, to be answered
   * instead, when there were too many from this address: what is good is never refused for it.
   */
  refused(address: string, via: string, code?: string): CofferError | undefined
}
