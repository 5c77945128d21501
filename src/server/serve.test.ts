import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { initPlatform, openPlatform } from '../compose.ts'
import type { PlatformOptions } from '../compose.ts'
import { LIMITS } from '../core/limits.ts'
import type { Sink } from '../core/ports/sink.ts'
import { ratesOf } from './guard/rates.ts'
import type { Serving } from './serve.ts'
import { serve } from './serve.ts'
import type { DialectName } from './server.ts'

const ADMIN = 'local:admin'

async function newStore(): Promise<PlatformOptions> {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-serve-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const env = { COFFER_MASTER_KEY: randomBytes(32).toString('hex') }
  const store = { dataDir: join(dir, 'data'), env }
  await initPlatform({ ...store, admin: ADMIN })
  return store
}

async function serving(
  store: PlatformOptions,
  limits: readonly string[] = [],
  dialects: readonly DialectName[] = [],
): Promise<Serving> {
  const made = await serve({
    store,
    server: { dialects, trustedProxies: [], aws: { accountId: '123456789012' } },
    start: { listen: { host: '127.0.0.1', port: 0 } },
    rates: ratesOf(limits),
    openMetrics: false,
    log: { level: 'silent', text: false },
    version: '0.0.0-test',
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
  })
  onTestFinished(() => made.close())
  return made
}

const tokenOf = async ({ gate }: Serving): Promise<string> => {
  const admin = gate.platform().as(ADMIN, { via: 'test' })
  const { token } = await admin.identities.createToken({ actor: ADMIN, ttlSeconds: 0 })
  return token.reveal()
}

const get = (url: string, token?: string) =>
  fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

/** The first answer with 429, of a few: a slow machine earns a token now and then. */
async function whenThrottled(ask: () => Promise<Response>): Promise<Response> {
  for (let times = 1; times < 20; times++) {
    const answer = await ask()
    if (answer.status === 429) return answer
    await answer.arrayBuffer()
  }
  return ask()
}

test('a sink that never answers refuses what must be audited, in bounded time, and nothing else', async () => {
  let blocked = false
  const sink: Sink = {
    kind: 'blocked',
    description: 'blocked',
    append: () => (blocked ? new Promise<never>(() => {}) : Promise.resolve()),
    close: async () => {},
  }
  const server = await serving({ ...(await newStore()), sinks: [sink] })
  const token = await tokenOf(server)
  expect((await get(`${server.url}/metrics`, token)).status).toBe(200)
  blocked = true
  const startedAt = performance.now()
  const audited = Promise.all([
    get(`${server.url}/metrics`, token),
    get(`${server.url}/metrics`, token),
  ])
  while (performance.now() - startedAt < LIMITS.auditSinkTimeoutMs / 2) {
    expect((await get(`${server.url}/healthz`)).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  for (const answer of await audited) {
    expect(answer.status).toBe(503)
    expect(((await answer.json()) as { code: string }).code).toBe('audit_unavailable')
  }
  expect(performance.now() - startedAt).toBeLessThan(2 * LIMITS.auditSinkTimeoutMs)
  expect(server.gate.status().sealed).toBe(false)
  const again = performance.now()
  expect((await get(`${server.url}/metrics`, token)).status).toBe(503)
  expect(performance.now() - again).toBeLessThan(1_000)
})

test('refused credentials are counted, audited in sums, and limited by address', async () => {
  const store = await newStore()
  const server = await serving(store, ['refused=1:20'])
  const statuses: number[] = []
  for (let i = 0; i < 30; i++) {
    const { status, headers } = await get(`${server.url}/metrics`, `forged-${i}`)
    statuses.push(status)
    if (status === 429) expect(headers.get('retry-after')).toBe('1')
  }
  expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(20)
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(8)
  expect((await get(`${server.url}/metrics`, await tokenOf(server))).status).toBe(200)
  await server.close()
  const platform = await openPlatform(store)
  const events = await platform.as(ADMIN).audit.query({ action: 'authenticate' })
  await platform.close()
  expect(events.map(({ actor, outcome, reason }) => [actor, outcome, reason])).toEqual([
    ['system:coffer', 'denied', 'the first of its kind'],
    ['system:coffer', 'denied', '29 more within 10 s'],
  ])
})

test('what makes no sense and comes from nobody is counted too', async () => {
  const store = await newStore()
  const server = await serving(store)
  for (let i = 0; i < 5; i++) expect((await get(`${server.url}/nowhere/${i}`)).status).toBe(404)
  expect((await get(`${server.url}/%zz`)).status).toBe(400)
  await server.close()
  const platform = await openPlatform(store)
  const events = await platform.as(ADMIN).audit.query({ action: 'authenticate' })
  await platform.close()
  expect(events.map(({ code, reason }) => [code, reason])).toEqual([
    ['not_found', 'the first of its kind'],
    ['invalid_argument', 'the first of its kind'],
    ['not_found', '4 more within 10 s'],
  ])
})

test('what makes no sense is counted though it is known who sent it', async () => {
  const store = await newStore()
  const server = await serving(store, [], ['native'])
  const token = await tokenOf(server)
  const put = async (body: string) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${server.url}/api/v1/secrets/a`, { method: 'PUT', headers, body })
    return answer.status
  }
  expect(await put('{')).toBe(400)
  expect(await put(`{"value":${'['.repeat(2_000)}${']'.repeat(2_000)}}`)).toBe(413)
  expect((await get(`${server.url}/api/v1/list?nonsense=1`, token)).status).toBe(400)
  // What was understood is audited by itself.
  expect(await put('{"value":"x","labels":["1"]}')).toBe(400)
  await server.close()
  const platform = await openPlatform(store)
  const events = await platform.as(ADMIN).audit.query({ outcome: 'denied' })
  const failed = await platform.as(ADMIN).audit.query({ outcome: 'failed' })
  await platform.close()
  expect(events.map(({ action, code, reason }) => [action, code, reason])).toEqual([
    ['authenticate', 'invalid_argument', 'the first of its kind'],
    ['authenticate', 'too_large', 'the first of its kind'],
    ['authenticate', 'invalid_argument', '1 more within 10 s'],
  ])
  expect(failed.map(({ action, code }) => [action, code])).toEqual([['write', 'invalid_label']])
})

test('a limit of an address holds for whatever it asks, but for health', async () => {
  const server = await serving(await newStore(), ['address=1:5'])
  const statuses: number[] = []
  for (let i = 0; i < 15; i++) statuses.push((await get(`${server.url}/nowhere`)).status)
  expect(statuses.slice(0, 5)).toEqual([404, 404, 404, 404, 404])
  expect(statuses.slice(5)).toContain(429)
  expect((await get(`${server.url}/healthz`)).status).toBe(200)
})

test('who is over a limit is told so in the words of each dialect', async () => {
  const server = await serving(await newStore(), ['address=1:1'], ['native', 'vault', 'aws'])
  const aws = { 'x-amz-target': 'secretsmanager.ListSecrets' }
  const answers = [
    await whenThrottled(() => get(`${server.url}/api/v1/self`)),
    await whenThrottled(() => get(`${server.url}/v1/secret/data/a`)),
    await whenThrottled(() => fetch(server.url, { method: 'POST', headers: aws, body: '{}' })),
  ]
  for (const { status, headers } of answers) {
    expect([status, headers.get('retry-after')]).toEqual([429, '1'])
  }
  const [native, vault, sdk] = await Promise.all(answers.map((answer) => answer.json()))
  expect(native).toMatchObject({ code: 'throttled', details: { retryAfterSeconds: 1 } })
  expect(vault).toEqual({ errors: [expect.stringContaining('rate limit quota exceeded')] })
  expect(sdk).toMatchObject({ __type: 'ThrottlingException' })
})
