import { CofferError, isCofferError } from '../core/errors.ts'

export { problemOf } from '../client/wire/error.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** What Fastify itself refuses, and what nobody expected, as rows of our table. Never their texts. */
export function cofferErrorOf(error: unknown): CofferError {
  if (isCofferError(error)) return error
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode
  if (status === 413) return new CofferError('too_large', 'The body of the request is too large.')
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new CofferError('invalid_argument', 'The request is malformed.', { cause: error })
  }
  return new CofferError('internal', 'Coffer failed unexpectedly.', { cause: error })
}

/** What a dialect that is switched off, or a path that nobody has, is told. */
export const noSuchRoute = () =>
  new CofferError('not_found', 'There is nothing at this address.', {
    remedy: 'The native API is below /api/v1, and /api/v1/openapi.json lists what is there.',
  })
