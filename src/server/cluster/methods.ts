import type { PlatformOptions } from '../../compose.ts'
import type { Presented } from '../../core/ports/identities.ts'
import type { Operator } from '../../core/ports/platform.ts'
import type { Lease } from '../guard/buckets.ts'
import type { LimitName, Rates } from '../guard/rates.ts'
import type { Refusal } from '../guard/refusals.ts'
import type { LogOptions } from '../log/log.ts'
import type { MetricsSnapshot } from '../metrics/metrics.ts'
import type { SealStatus, ServerOptions } from '../server.ts'
import type { StartOptions } from '../start.ts'
import type { Failure } from './peer.ts'

/** What a worker may ask of the primary. */
export type PrimaryMethods = {
  /** First of all: what it is to do. */
  begin(): WorkerOrders
  /** It answers requests, or cannot. */
  listening(url: string, caFile: string | undefined): void
  failed(failure: Failure): void
  lease(name: LimitName, key: string, want: number): Lease
  lockedMs(login: string): number
  loginEnded(login: string, good: boolean): void
  refused(counts: readonly { readonly refusal: Refusal; readonly times: number }[]): void
  submit(share: string, from: Presented): Promise<SealStatus>
  reset(from: Presented): Promise<SealStatus>
  seal(by: Operator): Promise<void>
  /** Of the primary and of all other workers that answer in time. */
  otherMetrics(): Promise<readonly MetricsSnapshot[]>
}

/** What the primary may ask of a worker. */
export type WorkerMethods = {
  /** Opens the store with this root key. */
  open(rootKey: Uint8Array): Promise<void>
  /** Closes it and forgets its keys. */
  close(): Promise<void>
  status(status: SealStatus): void
  snapshot(): Promise<MetricsSnapshot>
  /** Reads its certificate again. */
  reload(): Promise<void>
  /** Finishes what is under way and closes everything. */
  stop(): Promise<void>
}

/** The part of a platform's options that another process can be told. */
export type StorePlace = Pick<
  PlatformOptions,
  'dataDir' | 'auditDir' | 'auditRetentionDays' | 'valueBytesMax' | 'checkpoint'
>

export interface WorkerOrders {
  readonly store: StorePlace
  readonly server: ServerOptions
  readonly start: StartOptions
  readonly rates: Rates
  readonly openMetrics: boolean
  readonly log: LogOptions
  readonly version: string
  readonly status: SealStatus
  /** Absent while the store is sealed. Only ever in memory and on this channel. */
  readonly rootKey?: Uint8Array | undefined
}
