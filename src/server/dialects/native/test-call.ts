import type { TestServer } from '../../test-server.ts'

export interface Sent {
  /** Default: the administrator's; empty: none. */
  readonly token?: string
  readonly body?: unknown
  readonly raw?: string | Uint8Array<ArrayBuffer>
  readonly headers?: Record<string, string>
}

export interface Answered {
  readonly status: number
  readonly type: string
  readonly headers: Headers
  readonly text: string
  /** Of a JSON document; else undefined. */
  readonly json: Record<string, never> | undefined
}

/** One request to the native API of a test server. */
export async function call(
  server: TestServer,
  method: string,
  path: string,
  { token = server.adminToken, body, raw, headers = {} }: Sent = {},
): Promise<Answered> {
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const text = await answer.text()
  const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? ''
  const isJson = /[/+]json$/.test(type) && text !== ''
  return {
    status: answer.status,
    type,
    headers: answer.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, never>) : undefined,
  }
}
