import { CofferError, isCofferError } from '../core/errors.ts'
import type { Address } from './address.ts'

/** A request that got no answer, with what a repetition must know. */
export class NoAnswer extends Error {
  readonly error: CofferError
  /** Whether the server may have done what was asked. */
  readonly mayHaveArrived: boolean
  /** Whether it may go better in a moment. */
  readonly passing: boolean

  constructor(error: CofferError, facts: { mayHaveArrived: boolean; passing: boolean }) {
    super(error.message, { cause: error })
    this.error = error
    this.mayHaveArrived = facts.mayHaveArrived
    this.passing = facts.passing
  }
}

/** What a failing connection means. Never text of the system's or the peer's: only its code. */
export function noAnswer(cause: unknown, address: Address, connected: boolean): NoAnswer {
  if (cause instanceof NoAnswer) return cause
  const { code } = cause as NodeJS.ErrnoException
  const known = typeof code === 'string' ? code : 'unknown'
  const [, row] = FAILURES.find(([pattern]) => pattern.test(known)) ?? []
  const { message, remedy } = row?.(address) ?? lost(address, known)
  const error = new CofferError('unavailable', message, {
    ...(remedy === undefined ? {} : { remedy }),
    details: { address: address.origin, reason: known },
  })
  return new NoAnswer(error, { mayHaveArrived: connected, passing: row === undefined })
}

interface Told {
  readonly message: string
  readonly remedy?: string
}

/** What does not pass by waiting, by Node's code for it (the first that fits). */
const FAILURES: readonly (readonly [RegExp, (address: Address) => Told])[] = [
  [
    /SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_UNTRUSTED|INVALID_CA|INVALID_PURPOSE/,
    ({ origin }) => ({
      message: `The certificate of ${origin} is not signed by an authority that is trusted here.`,
      remedy:
        'Name the file of its authority in COFFER_CACERT or with --ca; `coffer ca` prints it where the server runs.',
    }),
  ],
  [
    /ALTNAME_INVALID|HOSTNAME_MISMATCH/,
    ({ origin, host }) => ({
      message: `The certificate of ${origin} is for other names than ${host}.`,
      remedy: 'Use a name that the certificate holds, or give the server one for this name.',
    }),
  ],
  [
    /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CRL_/,
    ({ origin }) => ({
      message: `The certificate of ${origin} is not valid now.`,
      remedy: 'Renew the certificate at the server, and compare the clocks of both machines.',
    }),
  ],
  [
    /CERT|TLS|SSL|EPROTO/,
    ({ origin }) => ({
      message: `There is no TLS to be agreed on with ${origin}.`,
      remedy: 'Does it speak plain HTTP? Then its address begins with http://.',
    }),
  ],
  [
    /^HPE_/,
    ({ origin }) => ({
      message: `What answers at ${origin} does not speak HTTP.`,
      remedy: 'Does it speak TLS? Then its address begins with https://.',
    }),
  ],
  [
    /^ENOTFOUND$/,
    ({ host }) => ({
      message: `There is no host of the name ${host}.`,
      remedy: 'Check the spelling of the address: --address, COFFER_ADDR.',
    }),
  ],
]

const lost = ({ origin }: Address, code: string): Told => ({
  message: REFUSED.test(code)
    ? `No server answers at ${origin} (${code}).`
    : `The connection to ${origin} was lost (${code}).`,
  remedy: 'Check that the server runs and that the address is right, then try again.',
})

const REFUSED = /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|ETIMEDOUT)$/

/** No answer in time. */
export const tooLate = (address: Address, timeoutMs: number, connected: boolean): NoAnswer =>
  new NoAnswer(
    new CofferError('timeout', `${address.origin} did not answer within ${timeoutMs} ms.`, {
      details: { address: address.origin, timeoutMs },
    }),
    { mayHaveArrived: connected, passing: true },
  )

/** An answer that no Coffer server gives: a proxy's page, a redirection. Its body is not shown. */
export const notOurs = (address: Address, status: number, what: string): CofferError =>
  new CofferError('unavailable', `${address.origin} answered ${status} ${what}.`, {
    remedy: 'Check that the address is that of a Coffer server, and what stands before it.',
    details: { address: address.origin, status },
  })

/** A stream that ended before its end. */
export const brokenOff = (cause: unknown): CofferError =>
  isCofferError(cause)
    ? cause
    : new CofferError('unavailable', 'The stream from the server broke off.', { cause })
