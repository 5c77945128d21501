import { afterEach, expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import type { DialectName } from './server.ts'
import { ADMIN, startTestServer } from './test-server.ts'
import type { TestServer } from './test-server.ts'

const running = new Set<TestServer>()
afterEach(async () => {
  await Promise.all([...running].map((world) => world.close()))
  running.clear()
})

async function start(dialects: readonly DialectName[]): Promise<TestServer> {
  const world = await startTestServer({ options: { dialects } })
  running.add(world)
  return world
}

const TARGET = 'secretsmanager.ListSecrets'
const AWS = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': TARGET }

/** What each surface answers to somebody without a credential. */
async function statuses({ url }: TestServer): Promise<Record<DialectName, number>> {
  const status = async (path: string, init?: RequestInit) => (await fetch(url + path, init)).status
  return {
    native: await status('/api/v1/secrets/a/b'),
    vault: await status('/v1/secret/data/a'),
    aws: await status('/', { method: 'POST', headers: AWS, body: '{}' }),
  }
}

test('each surface answers on its own, in its own words, and is 404 when it is switched off', async () => {
  const all = await statuses(await start(['native', 'vault', 'aws']))
  expect(Object.values(all).every((status) => status >= 400 && status !== 404)).toBe(true)
  for (const name of ['native', 'vault', 'aws'] as const) {
    const only = await start([name])
    const found = await statuses(only)
    expect(found).toEqual({ native: 404, vault: 404, aws: 404, [name]: all[name] })
    const absent = name === 'vault' ? '/api/v1/secrets/a' : '/v1/secret/data/a'
    const problem = await fetch(only.url + absent)
    expect(problem.headers.get('content-type')).toContain('application/problem+json')
  }
})

test('a body is taken up to the limit of its surface, and not one byte more', async () => {
  const { url, adminToken, platform } = await start(['native', 'vault', 'aws'])
  const { record } = await platform.as(ADMIN).identities.createAccessKey({ actor: ADMIN })
  const scope = `${record.id}/20260101/eu-west-1/secretsmanager/aws4_request`
  const known = {
    ...AWS,
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
  }
  const sent = async (path: string, bytes: number, headers: Record<string, string>) => {
    const body = `{"a":"${'x'.repeat(bytes - 8)}"}`
    return (await fetch(url + path, { method: 'POST', headers, body })).status
  }
  const json = { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` }
  const { requestBodyBytesMax, awsRequestBodyBytesMax } = LIMITS
  expect(await sent('/api/v1/write', requestBodyBytesMax, json)).not.toBe(413)
  expect(await sent('/api/v1/write', requestBodyBytesMax + 1, json)).toBe(413)
  expect(await sent('/v1/secret/data/a', requestBodyBytesMax, json)).not.toBe(413)
  expect(await sent('/v1/secret/data/a', requestBodyBytesMax + 1, json)).toBe(413)
  const within = await sent('/', awsRequestBodyBytesMax, known)
  expect(within).not.toBe(413)
  expect(await sent('/', awsRequestBodyBytesMax + 1, known)).not.toBe(within)
})
