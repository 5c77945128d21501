import { readTlsFile } from './files.ts'
import { checkedPair } from './key-pair.ts'
import type { KeyPair } from './key-pair.ts'
import { openTlsSource } from './source.ts'
import type { TlsSource } from './source.ts'

const LOOK_EVERY_MS = 5_000

/**
 * A certificate chain and key that somebody else keeps in two files, and replaces: one of them may
 * be replaced before the other, so a pair that does not fit is looked at again.
 * @throws CofferError `unavailable`, `invalid_argument`, `too_large`
 */
export const openGivenTls = (options: {
  readonly certFile: string
  readonly keyFile: string
  readonly failed: (error: unknown) => void
  readonly renewed?: (pair: KeyPair) => void
  readonly everyMs?: number
}): Promise<TlsSource> =>
  openTlsSource({
    read: () => {
      const { certFile, keyFile } = options
      const pair = { cert: readTlsFile(certFile), key: readTlsFile(keyFile) }
      return checkedPair(pair, `${certFile} and ${keyFile}`)
    },
    everyMs: options.everyMs ?? LOOK_EVERY_MS,
    failed: options.failed,
    renewed: options.renewed,
  })
