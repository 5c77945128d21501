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
const login = async (mount: string) => {
  const client = vaultClient(server.url)
  return (await client('POST', `auth/${mount}/login`, { jwt: 'x', role: 'r' })).status
}

test('whoever is made an issuer can be logged in with by clients of Vault, as long as it is one', async () => {
  const key = join(world.dir, 'key.pem')
  const { publicKey } = generateKeyPairSync('ed25519')
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }))
  expect(await login('kubernetes-prod')).toBe(403)
  const put = await run(`jwt put kubernetes-prod --public-key ${key} --json`)
  expect(put.json(), put.err).toMatchObject({ vault: true })
  // It is asked, and does not like the JWT.
  expect(await login('kubernetes-prod')).toBe(400)
  expect((await run(`jwt put kubernetes-prod --public-key ${key}`)).code).toBe(0)
  expect((await run('jwt delete kubernetes-prod --yes')).code).toBe(0)
  expect(await login('kubernetes-prod')).toBe(403)
})
