import { LIMITS } from '../core/limits.ts'

/** The head of one request with method LIST; headers by lower-case name. */
export interface ListHead {
  /** In origin form: `/v1/secret/metadata/app?after=x`. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
}

export type ParsedHead =
  | { readonly state: 'incomplete' }
  | { readonly state: 'refused'; readonly status: 400 | 405 | 431 }
  | { readonly state: 'complete'; readonly head: ListHead }

/**
 * The head of a LIST request from the bytes that begin with it. As strict as RFC 9112 allows: only
 * CRLF ends a line, nothing is folded, nothing that frames a body may be doubtful. What follows the
 * head is not looked at: the connection ends with the answer.
 */
export function parseListHead(bytes: Buffer): ParsedHead {
  const method = bytes.subarray(0, METHOD.length).toString('latin1')
  if (!METHOD.startsWith(method)) return refused(/^[!-~]+ ?$/.test(method) ? 405 : 400)
  const within = bytes.subarray(0, LIMITS.requestHeadBytesMax)
  const end = within.indexOf('\r\n\r\n')
  if (end === -1) return bytes.length >= LIMITS.requestHeadBytesMax ? refused(431) : INCOMPLETE
  const [line = '', ...fields] = within.subarray(0, end).toString('latin1').split('\r\n')
  const target = REQUEST_LINE.exec(line)?.[1]
  if (target === undefined) return refused(400)
  if (fields.length > LIMITS.requestHeadersMax) return refused(431)
  const headers = headersOf(fields)
  if (headers === undefined || !soundFraming(headers)) return refused(400)
  return { state: 'complete', head: { target, headers } }
}

export const METHOD = 'LIST '

const INCOMPLETE: ParsedHead = { state: 'incomplete' }
const refused = (status: 400 | 405 | 431): ParsedHead => ({ state: 'refused', status })

/** Visible ASCII without a fragment, in HTTP/1.1. */
const REQUEST_LINE = /^LIST (\/[!-"$-~]*) HTTP\/1\.1$/
/** RFC 9110, 5.1 and 5.5: a token, no blank before the colon, no control character but a tab. */
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)$/

/** Such as may come once: with two of them, two readers may take different ones. */
const ONCE = new Set([
  'authorization',
  'content-length',
  'host',
  'transfer-encoding',
  'x-vault-namespace',
  'x-vault-token',
])

function headersOf(fields: readonly string[]): Record<string, string> | undefined {
  const headers = Object.create(null) as Record<string, string>
  for (const field of fields) {
    const [, spelled, text] = FIELD.exec(field) ?? []
    if (spelled === undefined || text === undefined) return undefined
    const name = spelled.toLowerCase()
    const value = text.replace(/[ \t]+$/, '')
    const before = headers[name]
    if (before !== undefined && ONCE.has(name)) return undefined
    headers[name] = before === undefined ? value : `${before}, ${value}`
  }
  return headers
}

/**
 * A host, and a body that is told in one way if there is one: nobody reads it. Vault's agent and proxy
 * send every LIST with an empty one in chunks.
 */
function soundFraming(headers: Readonly<Record<string, string>>): boolean {
  const { host, 'content-length': length, 'transfer-encoding': coding } = headers
  if (host === undefined) return false
  if (coding !== undefined) return length === undefined && coding.toLowerCase() === 'chunked'
  return /^[0-9]{1,9}$/.test(length ?? '0')
}
