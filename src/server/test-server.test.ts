import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer } from './test-server.ts'
import type { TestServer } from './test-server.ts'

let world: TestServer
beforeAll(async () => {
  world = await startTestServer()
})
afterAll(() => world.close())

test('the administrator’s token acts as the administrator, and dies when it is revoked', async () => {
  const { identities } = world.platform
  const session = await identities.authenticate(world.adminToken, { address: '127.0.0.1' })
  expect(session?.actor).toBe('local:admin')
  const given = { ...session, token: session?.token?.accessor }
  const coffer = world.platform.as('local:admin', given)
  expect((await coffer.identities.lookupToken({ self: true }))?.ttlSeconds).toBe(0)
  const { token, record } = await coffer.identities.createToken({ policies: ['none'] })
  expect(await identities.authenticate(token.reveal(), {})).toMatchObject({
    actor: `token:${record.accessor}`,
    grants: { policies: ['none'], roles: [] },
  })
  await coffer.identities.revokeToken({ accessor: record.accessor })
  expect(await identities.authenticate(token.reveal(), {})).toBeUndefined()
})
