import { AwsFault } from '../errors/fault.ts'

/** What an `Authorization: AWS4-HMAC-SHA256 …` header says. Nothing of it is verified yet. */
export interface Authorization extends Scope {
  /** 64 lower-case hex digits. */
  readonly signature: string
}

/** What a client says in the same words for a day. */
export interface Scope {
  readonly accessKeyId: string
  /** `YYYYMMDD` */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: SignedHeaders
}

export interface SignedHeaders {
  /** In the order of the signature. */
  readonly names: readonly string[]
  /** The names between semicolons. */
  readonly text: string
}

export function signedHeadersIn(text: string): SignedHeaders {
  const names = text.split(';').toSorted()
  return { names, text: names.join(';') }
}

/** What stands before the signature in a header as AWS's own clients write it. */
export function scopeIn(text: string, signedHeadersOf = signedHeadersIn): Scope | undefined {
  const usual = USUAL.exec(text)
  if (usual === null) return undefined
  const [, accessKeyId = '', date = '', region = '', service = '', names = ''] = usual
  return { accessKeyId, date, region, service, signedHeaders: signedHeadersOf(names) }
}

/**
 * @throws AwsFault `MissingAuthenticationTokenException` when there is none, or it came in the query;
 * `IncompleteSignatureException` for one that lacks a part; `InvalidSignatureException` for a scope
 * that is none
 */
export function parseAuthorization(
  header: string | undefined,
  scopeOf: (text: string) => Scope | undefined = scopeIn,
): Authorization {
  if (header === undefined || header === '') {
    throw new AwsFault('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  if (header.length > HEADER_CHARS_MAX) throw incomplete('The Authorization header is too long.')
  const signature = header.slice(-SIGNATURE_CHARS)
  const scope = SIGNATURE.test(signature) ? scopeOf(header.slice(0, -SIGNATURE_CHARS)) : undefined
  if (scope !== undefined) {
    const { accessKeyId, date, region, service, signedHeaders } = scope
    return { accessKeyId, date, region, service, signedHeaders, signature }
  }
  const space = header.indexOf(' ')
  if (header.slice(0, space) !== ALGORITHM) {
    throw incomplete(`Unsupported AWS 'algorithm' in the Authorization header.`)
  }
  const parts = partsOf(header.slice(space + 1))
  const missing = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !parts.get(name))
  if (missing.length > 0) {
    throw incomplete(
      missing.map((name) => `Authorization header requires '${name}' parameter.`).join(' '),
    )
  }
  const [accessKeyId, date, region, service, terminator, ...more] = (
    parts.get('Credential') ?? ''
  ).split('/')
  if (terminator === undefined || more.length > 0) {
    throw incomplete(
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.',
    )
  }
  if (terminator !== TERMINATOR) {
    throw invalid(`Credential should be scoped with a valid terminator: '${TERMINATOR}'. `)
  }
  if (!REGION.test(region ?? '')) throw invalid('Credential should be scoped to a valid region. ')
  return {
    accessKeyId: accessKeyId ?? '',
    date: date ?? '',
    region: region ?? '',
    service: service ?? '',
    signedHeaders: signedHeadersIn((parts.get('SignedHeaders') ?? '').toLowerCase()),
    signature: parts.get('Signature') ?? '',
  }
}

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const TERMINATOR = 'aws4_request'

export const incomplete = (why: string) => new AwsFault('IncompleteSignatureException', why)
export const invalid = (why: string) => new AwsFault('InvalidSignatureException', why)

/** Members of a header, each of which may be given once. */
function partsOf(text: string): Map<string, string> {
  const parts = new Map<string, string>()
  for (const part of text.split(',')) {
    const equals = part.indexOf('=')
    if (equals === -1) throw incomplete('The Authorization header is not key=value pairs.')
    const name = part.slice(0, equals).trim()
    if (parts.has(name)) throw incomplete(`The Authorization header has '${name}' twice.`)
    parts.set(name, part.slice(equals + 1).trim())
  }
  return parts
}

const HEADER_CHARS_MAX = 4_096
/** As AWS's own clients write it; what they write is said by what follows as well, at five times the cost. */
const USUAL =
  /^AWS4-HMAC-SHA256 Credential=([A-Za-z0-9_-]+)\/([0-9]{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;_-]+), ?Signature=$/
const SIGNATURE = /^[0-9a-f]+$/
const SIGNATURE_CHARS = 64
const REGION = /^[a-z0-9-]{1,64}$/
