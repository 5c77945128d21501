import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../../../testing/seeded-random.ts'
import type { TestServer } from '../../test-server.ts'
import { startTestServer } from '../../test-server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const REQUESTS = Number(process.env['FUZZ'] ?? 400)

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const
const PARTS = [
  'secret',
  'data',
  'metadata',
  'delete',
  'undelete',
  'destroy',
  'subkeys',
  'config',
  'sys',
  'mounts',
  'tune',
  'internal',
  'ui',
  'health',
  'seal-status',
  'leases',
  'lookup',
  'renew',
  'revoke',
  'tools',
  'random',
  'key-status',
  'remount',
  'auth',
  'token',
  'cubbyhole',
  'identity',
  'one',
  'app',
  'x',
  '',
  '%00',
  '%2f',
  'é',
  '😀',
  '%ff',
  '%E2%80%AE',
  '__proto__',
  'constructor',
  'policy:x',
  'a'.repeat(300),
  '*',
  '+',
  '-1',
  '0',
  '99999999999999999999',
]
const QUERIES = [
  '',
  '',
  '?list=true',
  '?list=x',
  '?list',
  '?version=1',
  '?version=-1',
  '?version=1e9',
  '?version=1&version=2',
  '?depth=99',
  '?depth=x',
  '?after=x&limit=2',
  '?limit=-1',
  '?__proto__=1',
  '?%zz',
  '?help=1',
]
const VALUES = [
  null,
  true,
  -1,
  0,
  1,
  1e21,
  'x',
  '',
  '1h',
  '-1h',
  '1,2',
  [],
  [1],
  ['1', {}],
  {},
  { a: null },
  { cas: 0 },
  { cas: -1 },
  { cas: [] },
  { __proto__: 1 },
  { version: '2' },
  'kv',
  'x'.repeat(2_000),
  '\u0000',
  '\ud800',
]
const NAMES = [
  'data',
  'options',
  'versions',
  'max_versions',
  'cas_required',
  'delete_version_after',
  'custom_metadata',
  'type',
  'config',
  'description',
  'key',
  'reset',
  'bytes',
  'format',
  'lease_id',
  '__proto__',
  'x',
]
const BODIES = [
  '',
  '{',
  '[]',
  'null',
  '1',
  '"x"',
  '{"data":{"a":1}',
  '{"a":1}{',
  '[['.repeat(5_000),
  '\u0000',
]

it('answers anything at all in the shapes of Vault, and never fails itself', async () => {
  const random = seededRandom('vault dialect')
  const below = (n: number) => Buffer.from(random(4)).readUInt32BE() % n
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  const body = () => {
    if (below(5) === 0) return pick(BODIES)
    const names = Array.from({ length: below(4) }, () => pick(NAMES))
    return JSON.stringify(Object.fromEntries(names.map((name) => [name, pick(VALUES)])))
  }
  for (let i = 0; i < REQUESTS; i++) {
    const method = pick(METHODS)
    const url = `/v1/${Array.from({ length: below(6) }, () => pick(PARTS)).join('/')}${pick(QUERIES)}`
    const payload = method === 'POST' || method === 'PUT' || method === 'PATCH' ? body() : undefined
    if (/sys\/seal|sys\/mounts\/secret/.test(url) && method !== 'GET') continue
    const response = await server.app.inject({
      method,
      url,
      headers: {
        ...(below(8) > 0 ? { 'x-vault-token': server.adminToken } : {}),
        ...(method === 'PATCH' && below(4) > 0
          ? { 'content-type': 'application/merge-patch+json' }
          : {}),
      },
      ...(payload === undefined ? {} : { payload }),
    })
    const said = `${method} ${url} ${payload} -> ${response.statusCode} ${response.body.slice(0, 300)}`
    expect([200, 204, 400, 403, 404, 405, 413, 415], said).toContain(response.statusCode)
    expect(response.body, said).not.toMatch(/\.ts:|at \w+ \(|coffer_/)
    if (response.body === '') continue
    expect(response.headers['content-type'], said).toMatch(/^application.json/)
    const answer = JSON.parse(response.body)
    const isVault =
      Array.isArray(answer.errors) || 'request_id' in answer || 'initialized' in answer
    expect(isVault || 'ha_enabled' in answer || response.statusCode === 400, said).toBe(true)
  }
  expect((await server.app.inject('/v1/sys/health')).statusCode).toBe(200)
})
