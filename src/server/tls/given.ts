import type { X509Certificate } from 'node:crypto'
import { CofferError } from '../../core/errors.ts'
import { readTlsFile } from './files.ts'
import { checkedPair, leafOf, notAfterOf } from './key-pair.ts'
import type { KeyPair } from './key-pair.ts'
import { openTlsSource } from './source.ts'
import type { TlsSource } from './source.ts'

const LOOK_EVERY_MS = 5_000
const SOON_DAYS = 14
const DAY_MS = 86_400_000

/**
 * A certificate chain and key that somebody else keeps in two files, and replaces: one of them may
 * be replaced before the other, so a pair that does not fit is looked at again. One that is not valid now is
 * used, since it may be all there is, and told of, once, as what failed; so is one that soon will not be,
 * also when it becomes so while it is in use.
 * @throws CofferError `unavailable`, `invalid_argument`, `too_large`
 */
export async function openGivenTls(options: {
  readonly clock: () => number
  readonly certFile: string
  readonly keyFile: string
  readonly failed: (error: unknown) => void
  readonly renewed?: (pair: KeyPair) => void
  readonly everyMs?: number
}): Promise<TlsSource> {
  const { certFile, keyFile, clock, failed, renewed } = options
  let told: string | undefined
  const tellOfDates = ({ cert }: KeyPair) => {
    const why = datesOf(leafOf(cert), clock())
    if (why !== undefined && why !== told) failed(outOfDate(certFile, why))
    told = why
  }
  return openTlsSource({
    read: () => {
      const given = { cert: readTlsFile(certFile), key: readTlsFile(keyFile) }
      const pair = checkedPair(given, `${certFile} and ${keyFile}`)
      tellOfDates(pair)
      return pair
    },
    everyMs: options.everyMs ?? LOOK_EVERY_MS,
    failed,
    renewed,
  })
}

function datesOf(leaf: X509Certificate, now: number): string | undefined {
  const [from, until] = [Date.parse(leaf.validFrom), notAfterOf(leaf)]
  if (now < from) return `is not valid before ${dayOf(from)}`
  if (now > until) return `expired on ${dayOf(until)}`
  return until - now < SOON_DAYS * DAY_MS ? `expires on ${dayOf(until)}` : undefined
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

const outOfDate = (file: string, why: string) =>
  new CofferError('invalid_argument', `The certificate in ${file} ${why}.`, {
    remedy: 'Replace the files: the server takes new ones within seconds.',
    details: { file },
  })
