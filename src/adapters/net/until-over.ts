/**
 * Waits for the work, and no longer than the signal allows: a client that has lost its connection may
 * never say so. @throws the signal's reason
 */
export async function untilOver<T>(working: T | Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal.reason as Error)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await Promise.race([working, over])
  } finally {
    signal.removeEventListener('abort', end)
    over.catch(() => {})
  }
}
