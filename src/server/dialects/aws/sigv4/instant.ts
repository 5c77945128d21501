import type { IncomingHttpHeaders } from 'node:http'
import { incomplete, invalid } from './authorization.ts'

/** How far a request's date may be from ours, either way. */
const WINDOW_MINUTES = 5

/**
 * The instant that a request was signed at, in the basic form (`20260131T120000Z`) that is signed.
 * @throws AwsFault `IncompleteSignatureException` without a date; `InvalidSignatureException` outside
 * the window, or when the scope is of another day
 */
export function signedAt(
  headers: IncomingHttpHeaders,
  scopeDate: string,
  now: number,
  instantOf = instantIn,
): string {
  const given = headers['x-amz-date'] ?? headers.date
  if (typeof given !== 'string') {
    throw incomplete(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    )
  }
  const at = instantOf(given)
  if (at === undefined) {
    throw incomplete("Date must be in ISO-8601 'basic format'. Got another one.")
  }
  const text = BASIC.test(given) ? given : basic(at)
  const day = text.slice(0, 8)
  if (day !== scopeDate) {
    throw invalid(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}', from '${text}'.`,
    )
  }
  const window = WINDOW_MINUTES * 60_000
  if (at < seconds(now) - window) {
    throw invalid(
      `Signature expired: ${text} is now earlier than ${basic(now - window)} (${basic(now)} - ${WINDOW_MINUTES} min.)`,
    )
  }
  if (at > seconds(now) + window) {
    throw invalid(
      `Signature not yet current: ${text} is still later than ${basic(now + window)} (${basic(now)} + ${WINDOW_MINUTES} min.)`,
    )
  }
  return text
}

/** Milliseconds since 1970; absent: no date. */
export function instantIn(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] = BASIC.exec(text) ?? []
  const at =
    year === undefined
      ? Date.parse(HTTP_DATE.test(text) ? text : 'none')
      : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? undefined : at
}

const basic = (at: number) => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
/** A signature's date has no fractions of a second. */
const seconds = (at: number) => Math.floor(at / 1_000) * 1_000

const BASIC = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
