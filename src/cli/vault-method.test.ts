import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startTestServer } from '../server/test-server.ts'
import { vaultClient } from '../server/dialects/vault/test-client.ts'
import { bench } from './test-world.ts'

const server = await startTestServer()
const world = await bench()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server.close()
})

const run = (line: string) =>
  world.run(line.split(' '), {
    env: { COFFER_ADDR: server.url, COFFER_TOKEN: server.adminToken },
  })
const login = async (mount: string, body: Record<string, string>) =>
  (await vaultClient(server.url)('POST', `auth/${mount}/login`, body)).status
const [GOOD, REFUSED, NOWHERE] = [200, 400, 403]

test('whoever is made an issuer can be logged in with by clients of Vault, as long as it is one', async () => {
  const key = join(world.dir, 'key.pem')
  const { publicKey } = generateKeyPairSync('ed25519')
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }))
  const jwt = { jwt: 'x', role: 'r' }
  expect(await login('kubernetes-prod', jwt)).toBe(NOWHERE)
  const put = await run(`jwt put kubernetes-prod --public-key ${key} --json`)
  expect(put.json(), put.err).toMatchObject({ vault: true })
  // It is asked, and does not like the JWT.
  expect(await login('kubernetes-prod', jwt)).toBe(REFUSED)
  expect((await run(`jwt put kubernetes-prod --public-key ${key}`)).code).toBe(0)
  expect((await run('jwt delete kubernetes-prod --yes')).code).toBe(0)
  expect(await login('kubernetes-prod', jwt)).toBe(NOWHERE)
})

test('so it is with login roles at a mount, until the last of them is gone', async () => {
  const made = await run('role create one --mount ci/gitlab --policy admin --json')
  const { roleId, secretId, vault } = made.json() as {
    roleId: string
    secretId: string
    vault: boolean
  }
  expect(vault, made.err).toBe(true)
  const credential = { role_id: roleId, secret_id: secretId }
  expect(await login('ci/gitlab', credential)).toBe(GOOD)
  expect((await run('role create two --mount ci/gitlab --policy admin')).code).toBe(0)
  expect((await run('role delete one --login --mount ci/gitlab --yes')).code).toBe(0)
  expect(await login('ci/gitlab', credential)).toBe(REFUSED)
  expect((await run('role delete two --login --mount ci/gitlab --yes')).code).toBe(0)
  expect(await login('ci/gitlab', credential)).toBe(NOWHERE)
})

test('no method is put where it would hide another, and that is told', async () => {
  const inside = await run('role create x --mount token/lookup-self --policy admin --json')
  expect(inside.json()).toMatchObject({ vault: false })
  const told = await run('role create y --mount token --policy admin')
  expect(told.err).toContain('clients of Vault cannot log in at auth/token')
  const { status } = await vaultClient(server.url, server.adminToken)(
    'GET',
    'auth/token/lookup-self',
  )
  expect(status).toBe(GOOD)
})
