import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../app.ts'
import { callerOf } from '../caller.ts'
import { ADMIN, startTestServer } from '../test-server.ts'
import { createMetrics } from './metrics.ts'
import { serveMetrics } from './route.ts'

async function measured(options: { readonly open: boolean }) {
  const served = await startTestServer()
  const metrics = createMetrics(() => served.server.gate.status().sealed)
  const app = await createApp(served.server, {
    watchers: [metrics],
    observers: [
      serveMetrics(served.server, metrics, options),
      (scope) => {
        scope.route({
          method: 'GET',
          url: '/try/:what',
          handler: async (request) => {
            const token = request.headers.authorization?.slice('Bearer '.length)
            await callerOf(served.server, request, token, 'http', 'read')
            return 'ok'
          },
        })
      },
    ],
  })
  onTestFinished(async () => {
    await app.close()
    metrics.stop()
    await served.close()
  })
  const get = (url: string, token?: string) =>
    app.inject({ url, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
  return { served, metrics, get }
}

test('requests are counted by way in, operation and class of status, and timed', async () => {
  const { served, get } = await measured({ open: true })
  await get('/try/a', served.adminToken)
  await get('/try/a', served.adminToken)
  await get('/try/a', 'no-token')
  await get('/nowhere')
  const { body, headers } = await get('/metrics')
  expect(headers['content-type']).toMatch(/^text\/plain; version=/)
  expect(body).toContain('coffer_requests_total{via="http",operation="read",status="2xx"} 2')
  expect(body).toContain('coffer_requests_total{via="http",operation="read",status="4xx"} 1')
  expect(body).toContain('coffer_requests_total{via="none",operation="none",status="4xx"} 1')
  expect(body).toContain('coffer_request_seconds_count{via="http",operation="read"} 3')
  expect(body).toContain('coffer_requests_in_flight 1')
  expect(body).toContain('coffer_sealed 0')
  expect(body).toMatch(/^process_resident_memory_bytes \d+$/m)
  expect(body).toMatch(/^nodejs_eventloop_lag_seconds /m)
})

test('a client that goes away before its answer is counted once, and is in flight no more', async () => {
  const metrics = createMetrics(() => false)
  const served = await startTestServer()
  const arrived = Promise.withResolvers<void>()
  const app = await createApp(served.server, {
    watchers: [metrics],
    observers: [
      (scope) => {
        scope.route({
          method: 'GET',
          url: '/slow',
          handler: () => {
            arrived.resolve()
            return new Promise(() => {})
          },
        })
      },
    ],
  })
  onTestFinished(async () => {
    await app.close()
    await served.close()
    metrics.stop()
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const sent = request(`${url}/slow`, { agent: false }).on('error', () => {})
  sent.end()
  await arrived.promise
  expect(await metrics.text()).toContain('coffer_requests_in_flight 1')
  sent.destroy()
  await expect.poll(() => metrics.text()).toContain('coffer_requests_in_flight 0')
  const count = 'coffer_requests_total{via="none",operation="none",status="4xx"} 1'
  expect(await metrics.text()).toContain(count)
})

test('no path, token, actor or address gets into a metric, whatever comes in', async () => {
  const { served, metrics, get } = await measured({ open: true })
  const canary = randomBytes(12).toString('hex')
  const token = await served.token({ actor: ADMIN, displayName: canary })
  await get(`/try/${canary}?${canary}=1`, token)
  await get(`/try/${canary}`, canary)
  await get(`/${canary}`)
  metrics.refused(canary, canary)
  metrics.ended({
    via: canary,
    operation: 'read',
    status: 503,
    ms: 1,
    request: canary,
    address: canary,
    actor: canary,
    code: canary,
  })
  const { body } = await get('/metrics')
  for (const secret of [canary, token, ADMIN, '127.0.0.1']) expect(body).not.toContain(secret)
  expect(body).toContain('coffer_errors_total{code="other"} 1')
  expect(body).toContain('coffer_refused_total{via="other"} 1')
})

test('they need a token with `describe` on store:metrics, unless they are open', async () => {
  const { served, get } = await measured({ open: false })
  const access = served.platform.as(ADMIN).access
  await access.putPolicy({
    name: 'scrape',
    rules: [{ effect: 'allow', actions: ['describe'], paths: ['store:metrics'] }],
  })
  const scraper = await served.token({ policies: ['scrape'] })
  const other = await served.token({ policies: [] })
  expect((await get('/metrics')).statusCode).toBe(401)
  expect((await get('/metrics', 'x')).statusCode).toBe(401)
  expect((await get('/metrics', other)).statusCode).toBe(403)
  expect((await get('/metrics', scraper)).statusCode).toBe(200)
  const events = await served.platform.as(ADMIN).audit.query({ resource: 'store:metrics' })
  expect(events.map(({ outcome }) => outcome)).toEqual(['denied', 'allowed'])
})

test('the sum over processes adds what they counted, and is sealed when one is', async () => {
  const [a, b] = [createMetrics(() => false), createMetrics(() => true)]
  const facts = { via: 'http', operation: 'read', status: 200, request: '', address: '' } as const
  a.began()
  a.ended({ ...facts, ms: 1 })
  b.began()
  b.ended({ ...facts, ms: 400 })
  b.began()
  const sent = JSON.parse(JSON.stringify(await b.snapshot())) as object[]
  const text = await a.text([sent])
  expect(text).toContain('coffer_requests_total{via="http",operation="read",status="2xx"} 2')
  expect(text).toContain('coffer_request_seconds_bucket{le="0.001",via="http",operation="read"} 1')
  expect(text).toContain('coffer_requests_in_flight 1')
  expect(text).toContain('coffer_sealed 1')
  a.stop()
  b.stop()
})

test('flushes of the audit log are timed', async () => {
  const metrics = createMetrics(() => false)
  metrics.auditFlushed(0.002)
  expect(await metrics.text()).toContain('coffer_audit_flush_seconds_bucket{le="0.0025"} 1')
  metrics.stop()
})
