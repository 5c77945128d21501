import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../test-server.ts'
import { startTestServer } from '../../../test-server.ts'
import type { Send, VaultBody } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer
let root: Send

beforeAll(async () => {
  server = await startTestServer()
  root = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

const created = async (body: object, path = 'create'): Promise<VaultBody> =>
  (await root('POST', `auth/token/${path}`, body as never)).body.auth
const as = (auth: VaultBody): Send => vaultClient(server.url, auth.client_token)
const pathOf = async (auth: VaultBody): Promise<string | undefined> =>
  (await as(auth)('GET', 'auth/token/lookup-self')).body.data?.path

it('revoking a prefix of auth/ revokes the tokens that were made below it', async () => {
  const policy = 'path "sys/leases/*" { capabilities = ["update", "sudo"] }'
  await root('PUT', 'sys/policies/acl/paths', { policy })
  await root('POST', 'auth/token/roles/ci', { path_suffix: 'eu' })
  const asking = await created({ policies: ['paths'], no_parent: true })
  const plain = { policies: ['plain'] }
  const [other, ofRole] = [await created(plain), await created(plain, 'create/ci')]
  expect([await pathOf(other), await pathOf(ofRole)]).toEqual([
    'auth/token/create',
    'auth/token/create/ci/eu',
  ])
  const revoke = async (rest: string, by = as(asking)) =>
    (await by('PUT', `sys/leases/revoke-${rest}`)).status

  for (const prefix of ['secret', 'auth/token/create/c', 'auth/approle/login', 'aut']) {
    expect(await revoke(`prefix/${prefix}`)).toBe(204)
  }
  expect(await revoke('force/auth/token', as(other))).toBe(403)
  expect([await pathOf(other), await pathOf(ofRole)]).not.toContain(undefined)

  expect(await revoke('prefix/auth/token/create/ci')).toBe(204)
  expect([await pathOf(other), await pathOf(ofRole)]).toEqual(['auth/token/create', undefined])

  expect(await revoke('force/auth/token/')).toBe(204)
  expect([await pathOf(other), await pathOf(asking)]).toEqual([undefined, 'auth/token/create'])
})
