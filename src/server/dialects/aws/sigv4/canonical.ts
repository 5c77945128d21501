import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Authorization } from './authorization.ts'
import { ALGORITHM, TERMINATOR, invalid } from './authorization.ts'

/** The parts of a request that a signature covers. */
export interface SignedRequest {
  readonly method: string
  /** As sent: path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
}

/**
 * The text that is signed (Signature Version 4, "string to sign"), from the request as it arrived.
 * Every header that was signed must be there; `host` and all `x-amz-` headers must have been signed.
 * @throws AwsFault `InvalidSignatureException`
 */
export function stringToSign(
  request: SignedRequest,
  { signedHeaders, date, region, service }: Authorization,
  amzDate: string,
): string {
  const { method, url, headers, body } = request
  const { names } = signedHeaders
  if (!names.includes('host')) {
    throw invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  }
  for (const name in headers) {
    if (name.startsWith('x-amz-') && !names.includes(name)) {
      throw invalid(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`)
    }
  }
  const bodyHash = sha256(body)
  const claimed = headers['x-amz-content-sha256']
  if (claimed !== undefined && claimed !== bodyHash) {
    throw invalid("The value of 'x-amz-content-sha256' is not the SHA-256 of the body.")
  }
  const question = url.indexOf('?')
  const path = question === -1 ? url : url.slice(0, question)
  const query = question === -1 ? '' : url.slice(question + 1)
  let lines = `${method}\n${path}\n${canonicalQuery(query)}\n`
  for (const name of names) lines += `${name}:${headerValue(request, name)}\n`
  lines += `\n${signedHeaders.text}\n${bodyHash}`
  // Header bytes beyond ASCII arrive as Latin-1, one character for each byte.
  const isAscii = Buffer.byteLength(lines) === lines.length
  const digest = sha256(isAscii ? lines : Buffer.from(lines, 'latin1'))
  return `${ALGORITHM}\n${amzDate}\n${date}/${region}/${service}/${TERMINATOR}\n${digest}`
}

const sha256 = (bytes: Uint8Array | string) => hash('sha256', bytes)

function headerValue({ headers, rawHeaders }: SignedRequest, name: string): string {
  // What every object has is no header.
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  if (value === undefined) throw invalid(`The signed header '${name}' is not in the request.`)
  if (typeof value === 'string' && !value.includes(name === 'cookie' ? '; ' : ', '))
    return trimmed(value)
  // Node has joined what came several times in its own way (`message.headers`).
  const given = rawHeaders.filter((_, i) => i % 2 === 1 && isNamed(rawHeaders[i - 1], name))
  return given.map(trimmed).join(',')
}

const isNamed = (raw: string | undefined, name: string): boolean => raw?.toLowerCase() === name

function trimmed(value: string): string {
  const text = value.trim()
  return text.includes('  ') ? text.replace(SPACES, ' ') : text
}

/** Sorted by encoded name, then by encoded value. */
function canonicalQuery(query: string): string {
  if (query === '') return ''
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const name = equals === -1 ? pair : pair.slice(0, equals)
      return `${encoded(name)}=${equals === -1 ? '' : encoded(pair.slice(equals + 1))}`
    })
    .toSorted()
    .join('&')
}

function encoded(text: string): string {
  let plain: string
  try {
    plain = decodeURIComponent(text)
  } catch {
    throw invalid('The query string is not percent-encoded UTF-8.')
  }
  return encodeURIComponent(plain).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

const SPACES = / {2,}/g
