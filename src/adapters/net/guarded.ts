import { LIMITS } from '../../core/limits.ts'
import type { Provider, ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import type { Ambient } from './guard/ambient.ts'

/** A service over a network, as its provider file describes it; `guarded` makes a Provider of it. */
export interface RemoteService {
  readonly kind: string
  /** How people call it: `AWS Secrets Manager`. */
  readonly title?: string | undefined
  /** The command that gets another credential there: `coffer login`, in backticks. */
  readonly login?: string | undefined
  /** How many references one call carries; 1 when the service does not batch. */
  readonly batchMax: number
  /** Calls at once, where it should be fewer than `providerCallsMax`. */
  readonly callsMax?: number | undefined
  /** How often a call is repeated; default `providerRetriesMax`. 0 where `call` does that itself. */
  readonly retriesMax?: number | undefined
  /** Of one call; default `providerCallTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /**
   * What quota and refusals count by: the place and who asks there (an access key's id, a client id,
   * the hash of a token), never a secret; the same in every process that asks so, and another one
   * once the credential is. The breaker's file is named by its hash. What it throws (no login, no
   * SDK) is the answer for every reference, and is not remembered: nothing was asked.
   */
  scope(): string | Promise<string>
  /**
   * One call (a batch that is not whole may take a second). Answers in order, by CofferErrors that
   * tell absent, denied, unauthenticated, throttled, unavailable, timeout and corrupt apart;
   * `details.retryAfterMs` where the service says when.
   *
   * What is thrown is about the whole account: `unauthenticated` and `denied` open the breaker at
   * once, `throttled`, `unavailable` and `timeout` are tried again within the budget and then open
   * it. What is answered for one reference is about that reference alone, and never opens it. A
   * service whose 403 may mean either finds out which before it answers.
   */
  call(refs: readonly ProviderRef[], signal: AbortSignal): Promise<readonly ProviderAnswer[]>
  /** See `Provider.where`. */
  where?(): string | undefined
  /**
   * `false`: every load asks for itself. For a service that is watched: a call that began before a
   * change must not answer for one after it.
   */
  readonly shared?: false | undefined
  close?(): Promise<void>
}

/** What of a provider's context `guarded` reads. */
export interface GuardContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly options: Readonly<Record<string, string | undefined>>
  /**
   * Told when values come from the offline cache; default: a warning of the process. `false`: they
   * never do, and none are kept.
   */
  readonly onOffline?: ((used: OfflineUse) => void) | false | undefined
}

/** Values of one load that their place could not be asked for. */
export interface OfflineUse {
  /** The provider's kind. */
  readonly kind: string
  readonly references: number
  /** Of the oldest. */
  readonly ageMs: number
  /** All of this in one sentence. */
  readonly message: string
}

/** The options that every guarded provider has besides its own, for `checkOptions`. */
export const GUARD_OPTIONS = ['offlineMaxAge'] as const

/**
 * A Provider that asks the service in batches and in parallel, each reference once at a time however
 * many loads of this process want it, with timeouts, retries within a budget, and a breaker that
 * survives a crash loop. Never rejects.
 */
export function guarded(
  service: RemoteService,
  context: GuardContext,
  ambient?: Ambient,
): Provider {
  // Loaded when something is asked: most programs name no such provider.
  const load = async () => {
    const [{ resolver }, own] = await Promise.all([
      import('./guard/guard.ts'),
      ambient ?? import('./guard/ambient.ts').then((m) => m.ambient),
    ])
    return resolver({ ...service, call }, context, own)
  }
  const calling = new Set<Promise<void>>()
  const call: RemoteService['call'] = async (refs, signal) => {
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const end = () => {
      calling.delete(over)
      resolve()
    }
    calling.add(over)
    signal.addEventListener('abort', end, { once: true })
    try {
      return await service.call(refs, signal)
    } finally {
      end()
      signal.removeEventListener('abort', end)
    }
  }
  let loaded: ReturnType<typeof load> | undefined
  return {
    kind: service.kind,
    // Not the service's: batches are made, and calls counted, behind this.
    batchMax: LIMITS.batchMax,
    resolve: async (refs, signal) => (await (loaded ??= load()))(refs, signal),
    where: () => service.where?.(),
    async close() {
      // A call may answer for another load as well.
      const last = Promise.all(calling).then(() => service.close?.())
      if (calling.size === 0) await last
      else last.catch(() => {})
    },
  }
}
