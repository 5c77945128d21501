import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import type { TestServer } from './test-server.ts'
import { ADMIN, startTestServer } from './test-server.ts'

let server: TestServer
let accessKeyId: string

beforeAll(async () => {
  server = await startTestServer()
  const { identities } = server.platform.as(ADMIN)
  accessKeyId = (await identities.createAccessKey({ actor: ADMIN })).record.id
})
afterAll(() => server.close())

const LONG = `content-length: ${LIMITS.openRequestBodyBytesMax + 1}`
const SHORT = `content-length: ${LIMITS.openRequestBodyBytesMax}`
const CHUNKED = 'transfer-encoding: chunked'

/** The status of a request of which only the head comes; `waits` when its body is waited for. */
function answerToHead(...lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    const end = (answer: string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => end('waits'), 2_000)
    socket.once('data', (data) => end(data.toString('latin1').slice(9, 12)))
    socket.once('error', reject)
    socket.write(`${lines.join('\r\n')}\r\nhost: x\r\n\r\n`)
  })
}

const signedBy = (id: string) =>
  `authorization: AWS4-HMAC-SHA256 Credential=${id}/20260101/eu-west-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`

it('a stranger is answered before a long body of his is read', async () => {
  const cases: [answer: string, ...lines: string[]][] = []
  for (const size of [LONG, CHUNKED]) {
    const secret = 'POST /v1/secret/data/a HTTP/1.1'
    cases.push(
      ['403', secret, size],
      ['403', secret, size, 'x-vault-token: wrong'],
      ['403', 'DELETE /v1/secret/data/a HTTP/1.1', size],
      ['403', 'PUT /v1/auth%2Fapprole%2Flogin HTTP/1.1', size],
      ['waits', secret, size, `x-vault-token: ${server.adminToken}`],
      ['400', 'POST / HTTP/1.1', size],
      ['400', 'POST / HTTP/1.1', size, signedBy('AKIAAAAAAAAAAAAAAAAA')],
      ['waits', 'POST / HTTP/1.1', size, signedBy(accessKeyId)],
      ['401', 'PUT /api/v1/secrets/a HTTP/1.1', size, 'content-type: application/json'],
    )
  }
  for (const path of ['auth/approle/login', 'auth/jwt/login', 'sys/unseal']) {
    cases.push(['413', `POST /v1/${path} HTTP/1.1`, LONG])
    cases.push(['waits', `POST /v1/${path} HTTP/1.1`, SHORT])
  }
  const answers = await Promise.all(cases.map(([, ...lines]) => answerToHead(...lines)))
  expect(cases.map(([, ...lines], i) => [answers[i], ...lines])).toEqual(cases)
})

it('a token that is good for one request sends a long body with it', async () => {
  const token = await server.token({ policies: ['admin'], uses: 1 })
  const write = () =>
    fetch(`${server.url}/v1/secret/data/long`, {
      method: 'POST',
      headers: { 'x-vault-token': token },
      body: JSON.stringify({ data: { a: 1 }, more: 'x'.repeat(LIMITS.openRequestBodyBytesMax) }),
    })
  expect((await write()).status).toBe(200)
  expect((await write()).status).toBe(403)
})
