import type { FastifyReply, FastifyRequest } from 'fastify'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import type { WholeAnswer } from '../../direct.ts'
import { PROBLEM_TYPE, cofferErrorOf, problemOf } from '../../problem.ts'

/** Errors in this dialect's words: RFC 9457, with the headers that belong to a status. */

/** The problem as JSON text. */
export const problemTextOf = (error: unknown, request: string): string =>
  JSON.stringify(problemOf(cofferErrorOf(error), request))

export function answerProblem(
  given: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  status = statusOf(given),
): FastifyReply {
  const { headers, body } = problemAnswer(given, request, status)
  for (let i = 0; i < headers.length; i += 2) void reply.header(headers[i] ?? '', headers[i + 1])
  return reply.code(status).send(body)
}

/** The same for who writes it himself. */
export function problemAnswer(
  given: unknown,
  request: Pick<FastifyRequest, 'id'>,
  status = statusOf(given),
): WholeAnswer {
  const error = cofferErrorOf(given)
  const seconds = error.details['retryAfterSeconds'] ?? WAIT_SECONDS[error.code]
  const headers = ['content-type', PROBLEM_TYPE]
  if (status === 401) headers.push('www-authenticate', 'Bearer realm="coffer"')
  if (seconds !== undefined || status === 503) headers.push('retry-after', String(seconds ?? 1))
  return { status, headers, body: JSON.stringify({ ...problemOf(error, request.id), status }) }
}

/** The address is there, and takes other methods. */
export function answerMethods(
  allowed: readonly string[],
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  void reply.header('allow', allowed.join(', '))
  const error = new CofferError('invalid_argument', 'There is no such method at this address.', {
    remedy: `It takes ${allowed.join(', ')}.`,
  })
  return answerProblem(error, request, reply, 405)
}

/** What was asked for is not there: the one error that a client may make `undefined` of. */
export const absence = (what: string) =>
  new CofferError('not_found', `There is no such ${what}.`, { details: { absent: true } })

const WAIT_SECONDS: Readonly<Record<string, number>> = { throttled: 1 }

/** Our own row's, or what Fastify refused with: 415 and the like have no row. */
function statusOf(given: unknown): number {
  const { statusCode } = (given ?? {}) as { statusCode?: unknown }
  const framework = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return framework && !isCofferError(given) ? statusCode : cofferErrorOf(given).status
}
