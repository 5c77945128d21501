import type { FastifyRequest } from 'fastify'
import { LIMITS } from '../../../core/limits.ts'
import type { JsonObject } from '../../../core/value.ts'
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
  const bodyText = typeof request.body === 'string' ? request.body : ''
  const operation = operationOf(request.method, query)
  const path = (request.params as { '*'?: string })['*'] ?? ''
  const takesBody = operation === 'update' || operation === 'patch'
  return {
    operation,
    // Policies speak of what is done there: a slash at the end must not make it another address.
    path: operation !== 'list' && path.endsWith('/') ? path.slice(0, -1) : path,
    query,
    body: takesBody ? bodyOf(request, bodyText) : {},
    bodyText: takesBody ? bodyText : '',
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
function bodyOf({ headers }: FastifyRequest, text: string): JsonObject {
  if (text.trim() === '') return {}
  const type = headers['content-type'] ?? ''
  if (type.startsWith('application/x-www-form-urlencoded') && !/^\s*\{/.test(text)) {
    return Object.fromEntries(new URLSearchParams(text))
  }
  if (nestsDeeperThan(text, DEPTH_MAX)) throw refuse(400, 'error parsing JSON: nested too deeply')
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw refuse(400, 'error parsing JSON')
  }
  if (body === null) return {}
  if (typeof body === 'object' && !Array.isArray(body)) return body as JsonObject
  throw refuse(400, 'error parsing JSON: expected an object')
}

/** A value's own levels, and those that the protocol puts around it. */
const DEPTH_MAX = LIMITS.documentDepthMax + 8

/** Counts brackets outside of strings: a parser or a printer that recurses never sees too many. */
function nestsDeeperThan(text: string, levels: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) {
      inString = true
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > levels) return true
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--
    }
  }
  return false
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d]

const BEARER = 'Bearer '

function tokenOf({ headers }: FastifyRequest): string | undefined {
  const own = headers['x-vault-token']
  if (typeof own === 'string' && own !== '') return own
  const { authorization } = headers
  return authorization?.startsWith(BEARER) === true
    ? authorization.slice(BEARER.length).trim()
    : undefined
}
