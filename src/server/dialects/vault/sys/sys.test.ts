import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../test-server.ts'
import { startTestServer } from '../../../test-server.ts'
import type { Send } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer
let send: Send
let stranger: Send

beforeAll(async () => {
  server = await startTestServer()
  send = vaultClient(server.url, server.adminToken)
  stranger = vaultClient(server.url)
})
afterAll(() => server.close())

it('is healthy, in the code that was asked for', async () => {
  const health = await stranger('GET', 'sys/health')
  expect(health.status).toBe(200)
  expect(health.body).toMatchObject({
    initialized: true,
    sealed: false,
    standby: false,
    version: expect.stringMatching(/^\d+\.\d+\.\d+\+coffer\./),
    cluster_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    server_time_utc: Math.floor(server.now() / 1_000),
  })
  expect(JSON.stringify(health.body)).not.toContain(server.platform.storeId)
  expect((await stranger('GET', 'sys/health?activecode=210')).status).toBe(210)
  for (const code of ['x', '99', '600', '1000']) {
    expect((await stranger('GET', `sys/health?activecode=${code}`)).status).toBe(400)
  }
  const head = await fetch(`${server.url}/v1/sys/health?activecode=299`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([299, ''])
})

it('tells its seal status, and takes shares from anybody', async () => {
  expect((await stranger('GET', 'sys/seal-status')).body).toMatchObject({
    type: 'environment',
    initialized: true,
    sealed: false,
    t: 1,
    n: 1,
    progress: 0,
  })
  expect((await stranger('PUT', 'sys/unseal', { key: 'share' })).body.sealed).toBe(false)
  expect((await stranger('PUT', 'sys/unseal', { reset: true })).body.errors).toEqual([
    'vault is unsealed',
  ])
  expect((await stranger('PUT', 'sys/init', {})).status).toBe(400)
})

it('seals for administrators only', async () => {
  expect((await stranger('PUT', 'sys/seal')).status).toBe(403)
  expect((await send('PUT', 'sys/seal')).status).toBe(204)
})

it('shows and rotates the key', async () => {
  const before = (await send('GET', 'sys/key-status')).body
  expect(before.data).toMatchObject({ term: 1, install_time: expect.stringMatching(/Z$/) })
  expect(before.term).toBe(1)
  expect((await send('POST', 'sys/rotate')).status).toBe(204)
  expect((await send('GET', 'sys/key-status')).body.data.term).toBe(2)
  expect((await send('POST', 'sys/rotate/keyring')).status).toBe(204)
})

it('gives random bytes, so many as asked for', async () => {
  const random = async (path: string, body = {}) => send('POST', `sys/tools/${path}`, body)
  const bytes = async (path: string, body = {}) =>
    Buffer.from((await random(path, body)).body.data.random_bytes, 'base64').length
  expect(await bytes('random')).toBe(32)
  expect(await bytes('random/7')).toBe(7)
  expect(await bytes('random', { bytes: '131072' })).toBe(131_072)
  expect((await random('random', { bytes: 131_073 })).status).toBe(400)
  expect((await random('random', { bytes: 0 })).status).toBe(400)
  expect((await random('random', { format: 'xml' })).status).toBe(400)
})

it('has no leases, and says so as clients expect', async () => {
  expect((await send('PUT', 'sys/leases/lookup', { lease_id: 'x' })).body.errors).toEqual([
    'invalid lease',
  ])
  expect((await send('PUT', 'sys/leases/renew', { lease_id: 'x' })).status).toBe(400)
  expect((await send('PUT', 'sys/leases/revoke', { lease_id: 'x' })).status).toBe(204)
  expect((await send('PUT', 'sys/leases/revoke-prefix/secret/x')).status).toBe(204)
  expect((await send('GET', 'sys/leases/lookup/secret?list=true')).status).toBe(404)
})

it('answers the other probes', async () => {
  expect((await stranger('GET', 'sys/leader')).body.ha_enabled).toBe(false)
  expect((await send('GET', 'sys/audit')).body.data).toEqual({})
  const history = (await send('GET', 'sys/version-history?list=true')).body.data
  expect(history.key_info).toHaveProperty([history.keys[0]])
  expect((await send('GET', 'sys/config/cors')).status).toBe(404)
})
