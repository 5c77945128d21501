import { CofferError, ERRORS } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { z } from 'zod'
import type { Problem as ProblemSchema } from './problem.ts'

export type Problem = z.infer<typeof ProblemSchema>

export const PROBLEM_TYPE = 'application/problem+json'

/** A CofferError as RFC 9457 has it. `request` names the request in the audit log. */
export function problemOf(error: CofferError, request?: string): Problem {
  const { code, message, remedy, status, details } = error
  return {
    type: `urn:coffer:error:${code}`,
    title: titleOf(code),
    status,
    detail: message,
    code,
    remedy,
    details: details as Problem['details'],
    request,
  }
}

/**
 * The error again: same code, message, remedy, details. What is no problem of ours (a proxy's page,
 * a newer server's code) is `unavailable`, and never an absence.
 */
export function errorOf(problem: unknown): CofferError {
  const { code, detail, remedy, details } = (problem ?? {}) as Partial<Problem>
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code) || typeof detail !== 'string') {
    return new CofferError('unavailable', 'The server answered with something else than Coffer.')
  }
  return new CofferError(code, detail, {
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(typeof details === 'object' && details !== null ? { details } : {}),
  })
}

/**
 * Whether a `not_found` says that what was asked for is absent, rather than that nothing is at the
 * address at all: only the former may become `undefined`.
 */
export const isAbsence = (error: CofferError): boolean =>
  error.code === 'not_found' && error.details['absent'] === true

const titleOf = (code: ErrorCode): string => {
  const words = code.replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
