import type { ErrorCode } from '../../../core/errors.ts'
import { CofferError } from '../../../core/errors.ts'
import { cofferErrorOf } from '../../problem.ts'

/** An error in Vault's own words: `{"errors":[…]}` with this status. */
export class VaultRefusal extends CofferError {
  readonly httpStatus: number
  /** What clients are told, never a value or a token. Empty for a plain 404. */
  readonly errors: readonly string[]
  readonly retryAfterSeconds: number | undefined

  constructor(httpStatus: number, errors: readonly string[], retryAfterSeconds?: number) {
    super(CODES[httpStatus] ?? 'invalid_argument', errors[0] ?? 'There is nothing here.')
    this.httpStatus = httpStatus
    this.errors = errors
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** @example throw refuse(400, 'missing role_id') */
export const refuse = (httpStatus: number, ...errors: string[]): VaultRefusal =>
  new VaultRefusal(httpStatus, errors)

/** Every error as Vault would say it. What is no CofferError is a bug, and tells nothing. */
export function refusalOf(error: unknown, path = ''): VaultRefusal {
  if (error instanceof VaultRefusal) return error
  const known = cofferErrorOf(error)
  const say = SAYINGS[known.code]
  return say === undefined ? new VaultRefusal(known.status, [known.message]) : say(known, path)
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  403: 'denied',
  404: 'not_found',
  413: 'too_large',
  429: 'throttled',
  500: 'internal',
  503: 'unavailable',
}

/** What a token is told that may not do something; and what no token is told. */
const MAY_NOT = '1 error occurred:\n\t* permission denied\n\n'
const PERMISSION_DENIED = 'permission denied'

type Say = (error: CofferError, path: string) => VaultRefusal

const said =
  (status: number, ...errors: string[]): Say =>
  () =>
    new VaultRefusal(status, errors)

const itself =
  (status: number): Say =>
  (error) =>
    new VaultRefusal(status, [error.message])

const throttled: Say = ({ details }, path) => {
  const { retryAfterSeconds } = details
  const text = `request path ${JSON.stringify(path.slice(0, 512))}: rate limit quota exceeded`
  return new VaultRefusal(
    429,
    [text],
    typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined,
  )
}

/** Whose status or words are not ours; everything else says what our table says. */
const SAYINGS: Readonly<Partial<Record<ErrorCode, Say>>> = {
  denied: said(403, MAY_NOT),
  unauthenticated: said(403, PERMISSION_DENIED),
  sealed: said(503, 'Vault is sealed'),
  not_found: said(404),
  deleted: said(404),
  destroyed: said(404),
  empty_version: said(404),
  expired: said(404),
  throttled,
  invalid_value: itself(400),
  already_exists: itself(400),
  conflict: itself(400),
  failed_precondition: itself(400),
  token_reused: itself(400),
  limit_exceeded: itself(400),
  internal: said(500, 'internal error'),
  corrupt: said(500, 'internal error'),
}
