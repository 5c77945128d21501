import type { KeyPair } from './key-pair.ts'

/** Where a server's certificate comes from, and comes from again when it is replaced. */
export interface TlsSource {
  current(): KeyPair
  /** Calls with each newer pair, until stopped. */
  subscribe(each: (pair: KeyPair) => void): () => void
  /** Looks now. What cannot be used is told of, and the pair in use stays. Never rejects. */
  reload(): Promise<void>
  /** The certificate authority's file that clients need; absent when somebody else issued it. */
  readonly caFile?: string | undefined
  close(): void
}

export interface TlsSourceOptions {
  /** @throws what is wrong with what is there now */
  read(): Promise<KeyPair> | KeyPair
  readonly everyMs: number
  /** Told once of each failure, however often it is met. */
  readonly failed: (error: unknown) => void
  /** Told when another pair is in use. */
  readonly renewed?: ((pair: KeyPair) => void) | undefined
  readonly caFile?: string | undefined
}

/**
 * A pair that is read again every `everyMs`; keeps no process alive.
 * @throws what `read` throws, this first time
 */
export async function openTlsSource(options: TlsSourceOptions): Promise<TlsSource> {
  const { read, everyMs, failed, renewed, caFile } = options
  let current = await read()
  let told: string | undefined
  const subscribers = new Set<(pair: KeyPair) => void>()

  const reload = async () => {
    try {
      const pair = await read()
      told = undefined
      if (pair.cert === current.cert && pair.key === current.key) return
      for (const each of subscribers) each(pair)
      current = pair
      renewed?.(pair)
    } catch (error) {
      const message = error instanceof Error ? error.message : ''
      if (told !== message) failed(error)
      told = message
    }
  }
  const timer = setInterval(() => void reload(), everyMs).unref()
  return {
    caFile,
    current: () => current,
    subscribe(each) {
      subscribers.add(each)
      return () => subscribers.delete(each)
    },
    reload,
    close() {
      clearInterval(timer)
      subscribers.clear()
    },
  }
}
