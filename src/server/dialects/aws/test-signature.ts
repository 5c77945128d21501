import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:http'
import type { Credentials } from './test-aws.ts'

/** A request signed by hand, for what no SDK would send. */
export interface Signing {
  readonly region?: string
  readonly service?: string
  /** Milliseconds since 1970 UTC. */
  readonly at: number
  /** Sent, and signed unless it is named in `unsigned`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly unsigned?: readonly string[]
  readonly query?: string
  /** Of the credential's scope, where it is not the date's day. */
  readonly scopeDate?: string
  readonly terminator?: string
  /** Turns the header into another one. */
  readonly mangle?: (authorization: string) => string
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Signs as the specification says, in a way of its own: the server's code is not asked. */
export function signed(
  url: string,
  credentials: Credentials,
  body: string | Uint8Array,
  options: Signing,
): Record<string, string> {
  const {
    region = 'eu-west-1',
    service = 'secretsmanager',
    at,
    unsigned = [],
    query = '',
  } = options
  const date = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = options.scopeDate ?? date.slice(0, 8)
  const headers: Record<string, string> = {
    host: new URL(url).host,
    'x-amz-date': date,
    ...options.headers,
  }
  const names = Object.keys(headers)
    .filter((name) => !unsigned.includes(name))
    .toSorted()
  const canonical = [
    'POST',
    '/',
    query.split('&').toSorted().join('&'),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    createHash('sha256').update(body).digest('hex'),
  ].join('\n')
  const scope = [day, region, service, options.terminator ?? 'aws4_request']
  const hash = createHash('sha256').update(canonical).digest('hex')
  const text = ['AWS4-HMAC-SHA256', date, scope.join('/'), hash].join('\n')
  let key: string | Buffer = `AWS4${credentials.secretAccessKey}`
  for (const part of scope) key = createHmac('sha256', key).update(part).digest()
  const signature = createHmac('sha256', key).update(text).digest('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope.join('/')}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization: options.mangle?.(authorization) ?? authorization }
}

export function post(
  url: string,
  /** Or names and values in turn, which are sent as they are. */
  headers: Readonly<Record<string, string>> | readonly string[],
  body: string | Uint8Array,
  query = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/${query === '' ? '' : `?${query}`}`, { method: 'POST', headers })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      )
    })
    sent.end(body)
  })
}
