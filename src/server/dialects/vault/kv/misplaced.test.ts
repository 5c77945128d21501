import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../test-server.ts'
import { startTestServer } from '../../../test-server.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

it('who forgets data/ is told of the command that does not', async () => {
  const send = vaultClient(server.url, server.adminToken)
  for (const [method, path, command] of [
    ['GET', 'secret/app', 'get'],
    ['GET', 'secret', 'get'],
    ['LIST', 'secret/app', 'list'],
    ['POST', 'secret/app', 'put'],
    ['PATCH', 'secret/app', 'patch'],
    ['DELETE', 'secret/app', 'delete'],
  ] as const) {
    const { status, body } = await send(method, path)
    expect([method, status]).toEqual([method, 404])
    expect(body).toMatchObject({
      data: null,
      warnings: [expect.stringContaining(`kv ${command}'`)],
    })
  }
  const stranger = vaultClient(server.url, await server.token({ policies: [] }))
  expect((await stranger('GET', 'secret/app')).status).toBe(403)
})
