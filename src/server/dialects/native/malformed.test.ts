import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import { startTestServer } from '../../test-server.ts'
import type { TestServer } from '../../test-server.ts'
import { call } from './test-call.ts'
import type { Sent } from './test-call.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const PROBLEM = 'application/problem+json'
const send = (method: string, path: string, sent?: Sent) => call(server, method, path, sent)

async function refused(method: string, path: string, sent: Sent, status: number, code: string) {
  const answer = await send(method, path, sent)
  const told = `${method} ${path.slice(0, 80)} ${JSON.stringify(sent).slice(0, 120)}: ${answer.text}`
  expect([answer.status, answer.type, answer.json?.['code']], told.slice(0, 500)).toEqual([
    status,
    PROBLEM,
    code,
  ])
  return answer
}

const BODIES: readonly (readonly [string | Uint8Array<ArrayBuffer>, number, string])[] = [
  ['', 400, 'invalid_argument'],
  ['null', 400, 'invalid_argument'],
  ['[]', 400, 'invalid_argument'],
  ['"x"', 400, 'invalid_argument'],
  ['{', 400, 'invalid_argument'],
  ['{"value":"x"} {}', 400, 'invalid_argument'],
  ['{"value":"x",}', 400, 'invalid_argument'],
  ['{"value":"x","value":"y"}', 400, 'invalid_argument'],
  ['{"value":"x","v\\u0061lue":"y"}', 400, 'invalid_argument'],
  ['{"value":{"a":{"b":1,"b":2}}}', 400, 'invalid_argument'],
  ['{"value":"x","__proto__":{"token":"t"}}', 400, 'invalid_argument'],
  ['{"value":"x","constructor":{}}', 400, 'invalid_argument'],
  ['{"value":"x","unknown":1}', 400, 'invalid_argument'],
  ['{"value":5}', 400, 'invalid_argument'],
  ['{"value":null}', 400, 'invalid_argument'],
  ['{"value":["x"]}', 400, 'invalid_argument'],
  ['{"value":"x","encoding":"hex"}', 400, 'invalid_argument'],
  ['{"value":"x","ifRevision":1e400}', 400, 'invalid_argument'],
  ['{"value":"x","ifRevision":NaN}', 400, 'invalid_argument'],
  ['{"value":"x","labels":["1"]}', 400, 'invalid_label'],
  ['{"value":"x","token":""}', 400, 'invalid_argument'],
  ['{"value":"x","tags":{"":"x"}}', 400, 'invalid_argument'],
  ['{"value":"x","type":{"name":"nonsense"}}', 400, 'invalid_argument'],
  ['{"value":"\\ud800"}', 422, 'invalid_value'],
  ['{"encoding":"bytes","value":"%%%"}', 422, 'invalid_value'],
  ['{"encoding":"json","value":"x"}', 422, 'invalid_value'],
  ['{"encoding":"text"}', 400, 'invalid_argument'],
  [Uint8Array.from(Buffer.from('{"value":"\xff"}', 'latin1')), 400, 'invalid_argument'],
  [`\ufeff{"value":"x"}`, 400, 'invalid_argument'],
]

test.each(BODIES)('a body %s is refused with %i %s', async (raw, status, code) => {
  await refused('PUT', '/secrets/body', { raw }, status, code)
  expect((await send('GET', '/secrets/body')).status).toBe(404)
})

test('a setting that says something else than it should is refused, as the document says', async () => {
  const body = { everyDays: 0 }
  await refused('PUT', '/settings/keys/rotation', { body }, 422, 'invalid_value')
  const { paths } = (await send('GET', '/openapi.json')).json as unknown as {
    paths: Record<string, { put?: { responses: object } }>
  }
  const put = Object.entries(paths).find(([url]) => url.endsWith('/settings/{name}'))?.[1].put
  expect(Object.keys(put?.responses ?? {})).toContain('422')
})

test('a body is as deep, as wide and as large as is allowed, and no more', async () => {
  const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const { requestJsonDepthMax, requestJsonMembersMax, requestBodyBytesMax } = LIMITS
  const stored = await send('PUT', '/settings/deep', { raw: deep(requestJsonDepthMax) })
  expect(stored.status).toBe(204)
  const past = { raw: deep(requestJsonDepthMax + 1) }
  await refused('PUT', '/settings/deep', past, 413, 'too_large')
  const wide = (members: number) => `{"versions":[${'1,'.repeat(members)}1]}`
  // One for each bracket and comma.
  const many = { raw: wide(requestJsonMembersMax - 2) }
  await refused('POST', '/destroy/none', many, 400, 'limit_exceeded')
  await refused('POST', '/destroy/none', { raw: wide(requestJsonMembersMax - 1) }, 413, 'too_large')
  const large = (bytes: number) => `{"value":"${'x'.repeat(bytes - 12)}"}`
  const most = await refused(
    'PUT',
    '/secrets/large',
    { raw: large(requestBodyBytesMax) },
    413,
    'too_large',
  )
  expect(most.text).toContain('The value has')
  const more = await refused(
    'PUT',
    '/secrets/large',
    { raw: large(requestBodyBytesMax + 1) },
    413,
    'too_large',
  )
  expect(more.text).not.toContain('The value has')
})

test('a stranger sends no more than openRequestBodyBytesMax', async () => {
  const jwt = (bytes: number) => ({ raw: `{"jwt":"${'x'.repeat(bytes - 10)}"}`, token: '' })
  const { openRequestBodyBytesMax } = LIMITS
  await refused('POST', '/login/jwt', jwt(openRequestBodyBytesMax), 401, 'unauthenticated')
  const past = jwt(openRequestBodyBytesMax + 1)
  const { json } = await refused('POST', '/login/jwt', past, 413, 'too_large')
  expect(json).toHaveProperty('remedy')
})

test.each([
  ['GET', '/secrets/', 400, 'invalid_path'],
  ['GET', '/secrets/a//b', 400, 'invalid_path'],
  ['GET', '/secrets/a%2f%2fb', 400, 'invalid_path'],
  ['GET', '/secrets/a/%2e%2e%2fb', 400, 'invalid_path'],
  ['GET', '/secrets/a%00b', 400, 'invalid_path'],
  ['GET', '/secrets/a%0d%0ab', 400, 'invalid_path'],
  ['GET', '/secrets/a%5cb', 400, 'invalid_path'],
  ['GET', '/secrets/a%E2%80%AEb', 400, 'invalid_path'],
  ['GET', '/secrets/%zz', 400, 'invalid_argument'],
  ['GET', '/secrets/%ff', 400, 'invalid_argument'],
  ['GET', '/secrets/%ED%A0%80', 400, 'invalid_argument'],
  ['GET', `/secrets/${'a'.repeat(LIMITS.pathBytesMax + 1)}`, 413, 'too_large'],
  ['GET', `/secrets/${'a/'.repeat(LIMITS.pathSegmentsMax)}a`, 413, 'too_large'],
  ['GET', '/secrets/a?version=x', 400, 'invalid_argument'],
  ['GET', '/secrets/a?version=', 400, 'invalid_argument'],
  ['GET', '/secrets/a?version=1.5', 400, 'invalid_argument'],
  ['GET', '/secrets/a?version=0x1', 400, 'invalid_argument'],
  ['GET', '/secrets/a?version=-1', 400, 'invalid_argument'],
  ['GET', '/secrets/a?version=NaN', 400, 'invalid_argument'],
  ['GET', '/secrets/a?version=99999999999999999999', 400, 'invalid_argument'],
  ['GET', '/secrets/a?version=1&version=2', 400, 'invalid_argument'],
  ['GET', '/secrets/a?label=', 400, 'invalid_label'],
  ['GET', '/secrets/a?label=a%00', 400, 'invalid_label'],
  ['GET', '/secrets/a?unknown=1', 400, 'invalid_argument'],
  ['GET', '/secrets/a?__proto__=1', 400, 'invalid_argument'],
  ['GET', '/secrets/a?label=%zz', 400, 'invalid_argument'],
  ['GET', '/self?x', 400, 'invalid_argument'],
  ['GET', '/list?limit=0', 400, 'invalid_argument'],
  ['GET', '/list?limit=1001', 400, 'invalid_argument'],
  ['GET', '/list?deleted=yes', 400, 'invalid_argument'],
  ['GET', '/list?cursor=x', 400, 'invalid_argument'],
  ['GET', '/list?prefix=a%2F%2F', 400, 'invalid_path'],
  ['GET', '/access/who', 400, 'invalid_argument'],
  ['GET', '/policies/%00', 404, 'not_found'],
  ['GET', '/nothing', 404, 'not_found'],
  ['GET', '/', 404, 'not_found'],
  ['GET', '', 404, 'not_found'],
] as const)('%s %s is refused with %i %s', async (method, path, status, code) => {
  expect((await refused(method, path, {}, status, code)).json).toHaveProperty('remedy')
})

test('other methods are told which there are', async () => {
  for (const [method, path, allow] of [
    ['POST', '/secrets/a', 'GET, PUT, DELETE'],
    ['PATCH', '/list', 'GET'],
    ['OPTIONS', '/policies/p', 'GET, PUT, DELETE'],
    ['PROPFIND', '/self', 'GET'],
    ['DELETE', '/openapi.json', 'GET'],
  ] as const) {
    const answer = await refused(method, path, {}, 405, 'invalid_argument')
    expect(answer.headers.get('allow')).toBe(allow)
  }
  const head = await send('HEAD', '/secrets/a')
  expect([head.status, head.headers.get('allow'), head.text]).toEqual([405, 'GET, PUT, DELETE', ''])
})

test('other media types are refused, and bodies where there are none', async () => {
  for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'x']) {
    const sent = { raw: '{"value":"x"}', headers: { 'content-type': type } }
    await refused('PUT', '/secrets/a', sent, 415, 'invalid_argument')
  }
  const sent = {
    raw: '{"value":"x"}',
    headers: { 'content-type': 'application/json; charset=utf-8' },
  }
  expect((await send('PUT', '/secrets/type', sent)).status).toBe(200)
  await refused('DELETE', '/secrets/type', { raw: '{}' }, 400, 'invalid_argument')
})

test('what is refused is not repeated back', async () => {
  for (const raw of [
    '{"value":"x","CANARY":1}',
    '{"value":{"a":1},"type":"CANARY"}',
    '{"value":"x","encoding":"CANARY"}',
    '{"CANARY',
  ]) {
    expect((await send('PUT', '/secrets/canary', { raw })).text).not.toContain('CANARY')
  }
  expect((await send('GET', '/secrets/a?CANARY=1')).text).not.toContain('CANARY')
  expect((await send('GET', '/self', { token: 'CANARY' })).text).not.toContain('CANARY')
})

test('a GET with a body of its own, which could hide a request, is refused', async () => {
  const answer = await bytes(
    `GET /api/v1/self HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${server.adminToken}\r\ncontent-length: 5\r\n\r\nhello`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer.split('HTTP/1.1 ')).toHaveLength(2)
})

/** What the server says to bytes on a connection of their own. */
const bytes = (text: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(text)
    setTimeout(() => socket.end(), 200)
  })
