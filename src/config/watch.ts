import { isCofferError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Provider, ProviderRef } from '../core/ports/provider.ts'
import type { Secret, SecretWatch } from '../core/secret.ts'

/** Changes that come this close together are told once. */
const SETTLE_MS = 50
const RETRY_MS = 1_000
const RETRY_MS_MAX = 30_000
const PASSING: readonly ErrorCode[] = [
  'unavailable',
  'throttled',
  'timeout',
  'store_busy',
  'store_unavailable',
  'audit_unavailable',
]

export interface WatchSource<T> {
  readonly provider: Provider
  readonly ref: ProviderRef
  /** The value now, validated. @throws whatever is wrong with it */
  readonly resolve: () => Promise<Secret<T>>
  /** What the subscriber already has. */
  readonly known: () => Secret<T>
}

/**
 * Watching for `Secret.onChange`: each value that differs from the last is resolved, validated and
 * handed over, one call at a time. What cannot be resolved or validated goes to `onError` and the
 * subscriber keeps what it has; what may pass is tried again. A change between the load and the
 * subscription is not missed. Keeps no process alive. Undefined where the provider cannot watch.
 */
export function watcher<T>(source: WatchSource<T>): SecretWatch<T> | undefined {
  const { provider } = source
  if (provider.watch === undefined) return undefined
  return (listener, onError) => {
    const follow = follower(source, listener, onError)
    const unwatch = provider.watch?.(source.ref, follow.soon, follow.fail)
    follow.soon()
    return () => {
      follow.stop()
      unwatch?.()
    }
  }
}

function follower<T>(
  source: WatchSource<T>,
  listener: (now: Secret<T>) => unknown,
  onError: (error: unknown) => void,
) {
  let last = source.known()
  let timer: ReturnType<typeof setTimeout> | undefined
  let timerMs = 0
  let busy = false
  let again = false
  let stopped = false
  let retryMs = RETRY_MS

  function soon(delayMs = SETTLE_MS): void {
    if (stopped) return
    if (busy) {
      again = true
      return
    }
    // A change does not wait for a retry that is far off.
    if (timer !== undefined && timerMs <= delayMs) return
    clearTimeout(timer)
    timerMs = delayMs
    timer = setTimeout(() => void turn(), delayMs).unref()
  }

  async function turn(): Promise<void> {
    timer = undefined
    busy = true
    again = false
    const retryInMs = await tell()
    busy = false
    if (again) soon()
    else if (retryInMs !== undefined) soon(retryInMs)
  }

  /** Returns when to try again, or undefined. */
  async function tell(): Promise<number | undefined> {
    try {
      const now = await source.resolve()
      retryMs = RETRY_MS
      if (stopped || now.equals(last)) return undefined
      last = now
      await listener(now)
      return undefined
    } catch (error) {
      const passing = PASSING.some((code) => isCofferError(error, code))
      const first = retryMs === RETRY_MS
      const waitMs = retryMs
      if (passing) retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)
      if (first || !passing) fail(error)
      return passing ? waitMs : undefined
    }
  }

  /** What `onError` throws is told as any rejection that nobody handles, and the watch lives on. */
  function fail(error: unknown): void {
    if (stopped) return
    try {
      onError(error)
    } catch (thrown) {
      queueMicrotask(() => void Promise.reject(thrown))
    }
  }

  return {
    soon: () => soon(),
    fail,
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
