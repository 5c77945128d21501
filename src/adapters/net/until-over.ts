/**
 * Waits for the work, and no longer than the signal allows: a client that has lost its connection may
 * never say so. Nor does the process end before: neither such a client nor `AbortSignal.timeout` keeps
 * it, and one that ends with nothing more to do ends as if all were done. @throws the signal's reason
 */
export async function untilOver<T>(working: T | Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal.reason as Error)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const kept = setInterval(() => {}, LONG_MS)
  try {
    return await Promise.race([working, over])
  } finally {
    clearInterval(kept)
    signal.removeEventListener('abort', end)
    over.catch(() => {})
  }
}

const LONG_MS = 2 ** 30
