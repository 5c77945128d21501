import { CofferError } from '../../core/errors.ts'
import type { Operation } from '../server.ts'

/** So many a second on average, and so many at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** `address` and `refused` are kept by address, `login` too; the others by actor. */
export type LimitName = Operation | 'address' | 'refused'

export type Rates = Readonly<Record<LimitName, Rate | undefined>>

/**
 * What holds when nothing is said: far above what one machine or program does on purpose, so that it
 * stops what runs wild and nothing else (docs/limits.md).
 */
export const DEFAULT_RATES: Rates = {
  address: { perSecond: 50_000, burst: 100_000 },
  refused: { perSecond: 500, burst: 5_000 },
  login: { perSecond: 50, burst: 500 },
  probe: { perSecond: 1_000, burst: 2_000 },
  read: { perSecond: 50_000, burst: 100_000 },
  list: { perSecond: 2_000, burst: 5_000 },
  write: { perSecond: 5_000, burst: 10_000 },
  manage: { perSecond: 1_000, burst: 10_000 },
}

/**
 * The defaults, changed by `read=100` (a burst of twice that), `read=100:500` or `read=off`.
 * @throws CofferError `invalid_argument`
 */
export function ratesOf(texts: readonly string[]): Rates {
  const rates: Record<LimitName, Rate | undefined> = { ...DEFAULT_RATES }
  for (const text of texts) {
    const { name, off, perSecond, burst } = FORM.exec(text)?.groups ?? {}
    if (name === undefined || !Object.hasOwn(rates, name)) throw badLimit()
    rates[name as LimitName] = off === undefined ? rateOf(Number(perSecond), burst) : undefined
  }
  return rates
}

const FORM = /^(?<name>[a-z]+)=(?:(?<off>off)|(?<perSecond>[0-9]{1,7})(?::(?<burst>[0-9]{1,7}))?)$/

function rateOf(perSecond: number, given: string | undefined): Rate {
  const burst = given === undefined ? 2 * perSecond : Number(given)
  if (perSecond < 1 || burst < 1) throw badLimit()
  return { perSecond, burst }
}

const badLimit = () =>
  new CofferError('invalid_argument', 'A limit is written NAME=PER-SECOND[:BURST] or NAME=off.', {
    remedy: `The names are ${Object.keys(DEFAULT_RATES).join(', ')}.`,
  })
