import type { ErrorCode } from '../../../core/errors.ts'
import { CofferError, isCofferError } from '../../../core/errors.ts'

/** An error in Vault's own words: `{"errors":[…]}` with this status. */
export class VaultRefusal extends CofferError {
  readonly httpStatus: number
  /** What clients are told, never a value or a token. Empty for a plain 404. */
  readonly errors: readonly string[]

  constructor(httpStatus: number, errors: readonly string[]) {
    super(CODES[httpStatus] ?? 'invalid_argument', errors[0] ?? 'There is nothing here.')
    this.httpStatus = httpStatus
    this.errors = errors
  }
}

/** @example throw refuse(400, 'missing role_id') */
export const refuse = (httpStatus: number, ...errors: string[]): VaultRefusal =>
  new VaultRefusal(httpStatus, errors)

/** Every error as Vault would say it. What is no CofferError is a bug, and tells nothing. */
export function refusalOf(error: unknown): VaultRefusal {
  if (error instanceof VaultRefusal) return error
  if (!isCofferError(error)) return refuse(500, 'internal error')
  const say = SAYINGS[error.code]
  return say === undefined ? new VaultRefusal(error.status, [error.message]) : say(error)
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  403: 'denied',
  404: 'not_found',
  413: 'too_large',
  429: 'throttled',
  500: 'internal',
  503: 'unavailable',
}

const PERMISSION_DENIED = '1 error occurred:\n\t* permission denied\n\n'

const said = (status: number, text: string) => () => refuse(status, text)
const itself = (status: number) => (error: CofferError) => refuse(status, error.message)

const SAYINGS: Readonly<Partial<Record<ErrorCode, (error: CofferError) => VaultRefusal>>> = {
  denied: said(403, PERMISSION_DENIED),
  unauthenticated: said(403, 'permission denied'),
  sealed: said(503, 'Vault is sealed'),
  not_found: () => new VaultRefusal(404, []),
  throttled: said(429, 'request path "": rate limit quota exceeded'),
  invalid_value: itself(400),
  already_exists: itself(400),
  conflict: itself(400),
  token_reused: itself(400),
  deleted: () => new VaultRefusal(404, []),
  destroyed: () => new VaultRefusal(404, []),
  empty_version: () => new VaultRefusal(404, []),
  internal: said(500, 'internal error'),
  corrupt: said(500, 'internal error'),
}
