import { createHash } from 'node:crypto'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'

/** One part of a root key, with all that a person may mix up. */
export interface Share {
  /** From 1, in the order in which they were made. */
  readonly number: number
  /** How many are needed. */
  readonly threshold: number
  /** Fingerprint of the root key. */
  readonly set: string
  /** A byte for each of the key's, then the point at which they were taken. */
  readonly data: Uint8Array
}

/** `coffer-share1-NUMBER-THRESHOLD-SET-DATA-CHECK`, numbers in decimal, the rest in hex. */
export function formatShare({ number, threshold, set, data }: Share): string {
  const body = `${PREFIX}-${number}-${threshold}-${set}-${Buffer.from(data).toString('hex')}`
  return `${body}-${checkOf(body)}`
}

/**
 * Upper case and white space do no harm.
 * @throws CofferError `invalid_argument` for anything else; the message never holds the text
 */
export function parseShare(text: string): Share {
  if (text.length > TEXT_CHARS_MAX) throw noShare()
  const body = text.replace(/\s+/g, '').toLowerCase()
  const { number, threshold, set, data, check } = FORM.exec(body)?.groups ?? {}
  if (data === undefined || set === undefined || check === undefined) throw noShare()
  if (checkOf(body.slice(0, -check.length - 1)) !== check) {
    throw new CofferError('invalid_argument', 'The share was mistyped: its check digits differ.', {
      remedy: 'Type it again, or copy it whole.',
    })
  }
  const share = { number: Number(number), threshold: Number(threshold), set }
  if (share.number < 1 || share.number > LIMITS.keySharesMax) throw noShare()
  return { ...share, data: Uint8Array.from(Buffer.from(data, 'hex')) }
}

/** Recognises a share without holding it: it is as random as the key, so a digest tells nothing. */
export const shareDigest = ({ data }: Share): string =>
  createHash('sha256').update(data).digest().subarray(0, DIGEST_BYTES).toString('base64url')

const PREFIX = 'coffer-share1'
const FORM =
  /^coffer-share1-(?<number>[0-9]{1,2})-(?<threshold>[0-9]{1,2})-(?<set>[0-9a-f]{16})-(?<data>[0-9a-f]{66})-(?<check>[0-9a-f]{8})$/
const TEXT_CHARS_MAX = 256
const DIGEST_BYTES = 16
const CHECK_CHARS = 8

const checkOf = (body: string): string =>
  createHash('sha256').update(body).digest('hex').slice(0, CHECK_CHARS)

const noShare = () =>
  new CofferError('invalid_argument', 'This is no share of a root key.', {
    remedy: 'A share begins with coffer-share1-.',
  })
