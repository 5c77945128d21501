import type { ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'

/** A service over a network, as its provider file describes it; `guarded` makes a Provider of it. */
export interface RemoteService {
  readonly kind: string
  /** How many references one call carries; 1 when the service does not batch. */
  readonly batchMax: number
  /**
   * What quota and refusals count by: the place and who asks there (an access key's id, a client id),
   * never a secret. The breaker's file is named by its hash.
   */
  scope(): string | Promise<string>
  /**
   * One call (a batch that is not whole may take a second). Answers in order. What is thrown or
   * answered is a CofferError that tells absent, denied, unauthenticated, throttled, unavailable,
   * timeout and corrupt apart; `details.retryAfterMs` where the service says when.
   */
  call(refs: readonly ProviderRef[], signal: AbortSignal): Promise<readonly ProviderAnswer[]>
  close?(): Promise<void>
}
