import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer } from '../../test-server.ts'
import type { TestServer } from '../../test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

interface Sent {
  readonly token?: string
  readonly body?: unknown
  readonly raw?: string | Uint8Array<ArrayBuffer>
  readonly headers?: Record<string, string>
}

async function call(method: string, path: string, sent: Sent = {}) {
  const { token = server.adminToken, body, raw, headers = {} } = sent
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(raw === undefined && body === undefined ? {} : { body: raw ?? JSON.stringify(body) }),
  })
  const text = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  return {
    status: answer.status,
    type: type.split(';')[0],
    headers: answer.headers,
    text,
    json: /json/.test(type) && !type.includes('jsonl') ? JSON.parse(text) : undefined,
  }
}

test('a value of every encoding comes back as it was written', async () => {
  const bytes = Buffer.from([0, 255, 128, 10]).toString('base64')
  for (const [body, answer] of [
    [{ value: 'höher ✓\n' }, { encoding: 'text', value: 'höher ✓\n' }],
    [
      { encoding: 'bytes', value: bytes },
      { encoding: 'bytes', value: bytes },
    ],
    [{ value: { a: { b: [1] } } }, { encoding: 'json', value: { a: { b: [1] } } }],
  ]) {
    const written = await call('PUT', '/secrets/shop/dev/a%20b/%C3%A9', { body })
    expect(written).toMatchObject({ status: 200, json: { path: 'shop/dev/a b/é', written: true } })
    const read = await call('GET', '/secrets/shop/dev/a%20b%2F%C3%A9')
    expect(read).toMatchObject({ status: 200, type: 'application/json', json: answer })
    expect(read.headers.get('cache-control')).toBe('no-store')
  }
})
