import type { FastifyRequest } from 'fastify'
import { isCofferError } from '../../../core/errors.ts'
import type { JsonObject } from '../../../core/value.ts'
import type { JsonBody } from '../../json-body.ts'
import { parseJsonBody } from '../../json-body.ts'
import { refuse } from './errors.ts'
import { BOOLEANS } from './fields.ts'
import type { VaultOperation } from './route.ts'

/** The parts of a request that every backend needs. */
export interface ParsedRequest {
  readonly operation: VaultOperation
  /** Decoded, without `/v1/`, and without a slash at the end unless a list is asked for. */
  readonly path: string
  readonly query: Readonly<Record<string, string | undefined>>
  readonly body: JsonObject
  readonly bodyText: string
  readonly token: string | undefined
}

const OPERATIONS: Readonly<Record<string, VaultOperation>> = {
  GET: 'read',
  LIST: 'list',
  POST: 'update',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** @throws VaultRefusal 400, 405 */
export function parseRequest(request: FastifyRequest): ParsedRequest {
  const query = queryOf(request)
  const operation = operationOf(request.method, query)
  const path = (request.params as { '*'?: string })['*'] ?? ''
  const takesBody = operation === 'update' || operation === 'patch'
  return {
    operation,
    // Policies speak of what is done there: a slash at the end must not make it another address.
    path: operation !== 'list' && path.endsWith('/') ? path.slice(0, -1) : path,
    query,
    ...(takesBody ? bodyOf(request) : NO_BODY),
    token: tokenOf(request),
  }
}

/** The path of any request, also of one that was refused; for messages. */
export const pathOf = (request: FastifyRequest): string =>
  (request.params as { '*'?: string } | undefined)?.['*'] ?? ''

function operationOf(method: string, query: ParsedRequest['query']): VaultOperation {
  const operation = OPERATIONS[method]
  if (operation === undefined) throw refuse(405)
  const { list } = query
  if (method !== 'GET' || list === undefined || list === '') return operation
  if (!(list in BOOLEANS)) throw refuse(400)
  return BOOLEANS[list] === true ? 'list' : 'read'
}

/** The first of several values counts. */
function queryOf({ query }: FastifyRequest): ParsedRequest['query'] {
  const given = query as Readonly<Record<string, string | string[] | undefined>>
  const parsed: Record<string, string | undefined> = {}
  for (const name in given) {
    const value = given[name]
    parsed[name] = Array.isArray(value) ? value[0] : value
  }
  return parsed
}

/** JSON whatever the content type says, as clients that name none or another one expect. */
function bodyOf({ headers, body }: FastifyRequest): Pick<ParsedRequest, 'body' | 'bodyText'> {
  if (!(body instanceof Uint8Array)) return NO_BODY
  const start = Buffer.from(body.subarray(0, START_BYTES)).toString('latin1').trimStart()
  if (start === '' && body.length <= START_BYTES) return NO_BODY
  const type = headers['content-type'] ?? ''
  if (type.startsWith('application/x-www-form-urlencoded') && !start.startsWith('{')) {
    const bodyText = Buffer.from(body).toString()
    return { body: Object.fromEntries(new URLSearchParams(bodyText)), bodyText }
  }
  const { document, text } = parsed(body)
  if (document === null) return NO_BODY
  if (typeof document === 'object' && !Array.isArray(document)) {
    return { body: document, bodyText: text }
  }
  throw refuse(400, 'error parsing JSON: expected an object')
}

const NO_BODY = { body: {}, bodyText: '' }

function parsed(body: Uint8Array): JsonBody {
  try {
    return parseJsonBody(body)
  } catch (error) {
    if (!isCofferError(error, 'invalid_argument')) throw error
    throw refuse(400, 'error parsing JSON')
  }
}

/** What a form and JSON are told apart by. */
const START_BYTES = 64

const BEARER = 'Bearer '

export function tokenOf({ headers }: FastifyRequest): string | undefined {
  const own = headers['x-vault-token']
  if (typeof own === 'string' && own !== '') return own
  const { authorization } = headers
  return authorization?.startsWith(BEARER) === true
    ? authorization.slice(BEARER.length).trim()
    : undefined
}
