import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../test-server.ts'
import { startTestServer } from '../../../test-server.ts'
import type { Send } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer
let send: Send

beforeAll(async () => {
  server = await startTestServer()
  send = vaultClient(server.url, server.adminToken)
  await send('POST', 'sys/mounts/one', { type: 'kv', options: { version: '1' } })
})
afterAll(() => server.close())

it('writes, reads, lists and deletes without versions', async () => {
  expect((await send('GET', 'one/app/x')).status).toBe(404)
  expect((await send('PUT', 'one/app/x', { a: 1, b: 'two' })).status).toBe(204)
  const read = await send('GET', 'one/app/x')
  expect(read.body).toMatchObject({
    data: { a: 1, b: 'two' },
    lease_duration: 2_764_800,
    renewable: false,
    lease_id: '',
  })
  expect((await send('GET', 'one/app?list=true')).body.data).toEqual({ keys: ['x'] })
  expect((await send('GET', 'one?list=true')).body.data).toEqual({ keys: ['app/'] })
  expect((await send('DELETE', 'one/app/x')).status).toBe(204)
  expect((await send('GET', 'one/app/x')).status).toBe(404)
  expect((await send('GET', 'one/app?list=true')).status).toBe(404)
  expect((await send('DELETE', 'one/app/x')).status).toBe(204)
})

it('says how long a value may be kept', async () => {
  for (const [ttl, seconds] of [
    ['1h', 3_600],
    [30, 30],
    ['no duration', 2_764_800],
  ] as const) {
    await send('POST', 'one/ttl', { ttl })
    expect((await send('GET', 'one/ttl')).body.lease_duration).toBe(seconds)
  }
})

it('is below its mount everywhere else', async () => {
  await send('POST', 'one/here', { a: 1 })
  const coffer = server.platform.as('local:admin')
  expect((await coffer.read({ path: 'one/here' }))?.secret.reveal()).toEqual({ a: 1 })
})

it('refuses what makes no sense', async () => {
  expect(await send('POST', 'one/x', {})).toEqual({
    status: 400,
    body: { errors: ['missing data fields'] },
  })
  expect((await send('PATCH', 'one/x', { a: 1 })).status).toBe(405)
})
