import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { coffer as cofferProvider } from '../adapters/providers/coffer.ts'
import { defineConfig, secretRef } from '../config/index.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import { ADMIN, startTestServer } from '../server/test-server.ts'
import type { TestServer } from '../server/test-server.ts'
import { providerContract } from '../testing/provider-contract.ts'
import { refusalOf } from '../testing/refusal.ts'
import { connectCoffer } from './connect.ts'

let server: TestServer
let admin: Coffer
let dir: string
beforeAll(async () => {
  server = await startTestServer()
  admin = server.platform.as(ADMIN)
  dir = mkdtempSync(join(tmpdir(), 'coffer-config-'))
  writeFileSync(join(dir, 'token'), `${server.adminToken}\n`)
})
afterAll(async () => {
  await server.close()
  rmSync(dir, { recursive: true })
})

const config = defineConfig(
  { db: { url: secretRef('db-url') }, key: secretRef('key').optional() },
  { prefix: 'shop/dev/api' },
)

providerContract('coffer', async () => {
  const place = await startTestServer()
  const coffer = place.platform.as(ADMIN)
  const token = await reader(place)
  const env = { COFFER_ADDR: place.url, COFFER_TOKEN: token }
  const provider = cofferProvider({ env, options: {} })
  return {
    provider,
    key: (word) => `some/${word}`,
    put: async (path, value) => void (await coffer.write(path, { value })),
    remove: (path) => coffer.purge(path),
    deny: (path) =>
      coffer.access.putPolicy({
        name: 'reads',
        rules: [...READS, { effect: 'deny', actions: ['read'], paths: [path] }],
      }),
    breakDown: () => place.close(),
    close: async () => {
      await provider.close?.()
      await place.close().catch(() => {})
    },
  }
})

const READS = [{ effect: 'allow', actions: ['read'], paths: ['**'] }] as const

/** A token that may read and nothing else: what an application has. */
async function reader(place: TestServer): Promise<string> {
  const { access, identities } = place.platform.as(ADMIN)
  await access.putPolicy({ name: 'reads', rules: READS })
  return (await identities.createToken({ policies: ['reads'] })).token.reveal()
}

test('a configuration is loaded through a client, and hears of a change within 2 s', async () => {
  await admin.write('shop/dev/api/db-url', { value: 'first' })
  await using coffer = connectCoffer({ address: server.url, token: await reader(server) })
  const { db } = await config.load({ coffer, processEnv: { COFFER_STATE_DIR: dir } })
  expect(db.url.reveal()).toBe('first')
  const seen: string[] = []
  const errors: unknown[] = []
  const stop = db.url.onChange(
    (now) => void seen.push(now.reveal()),
    (error) => errors.push(error),
  )
  await admin.write('shop/dev/api/db-url', { value: 'second' })
  await vi.waitFor(() => expect(seen).toEqual(['second']), { timeout: 2_000, interval: 20 })
  await admin.write('shop/dev/api/db-url', { value: 'third' })
  await vi.waitFor(() => expect(seen.at(-1)).toBe('third'), { timeout: 2_000, interval: 20 })
  expect(errors).toEqual([])
  stop()
})

test('the environment names the server; options of the provider come before it', async () => {
  await admin.write('shop/dev/api/db-url', { value: 'of the server' })
  const found = { COFFER_ADDR: server.url, COFFER_TOKEN: server.adminToken }
  const loaded = await config.load({ processEnv: found })
  expect(loaded.db.url.reveal()).toBe('of the server')
  expect(loaded.key).toBeUndefined()

  const providers = {
    coffer: { kind: 'coffer', address: server.url, tokenFile: join(dir, 'token') },
  }
  const processEnv = { COFFER_ADDR: 'https://127.0.0.1:1', COFFER_TOKEN: 'CANARY' }
  const named = await config.load({ providers, processEnv })
  expect(named.db.url.reveal()).toBe('of the server')
})

test('a role is logged in to with a secret id from a file', async () => {
  const { access, identities } = admin
  await access.putPolicy({ name: 'reads', rules: READS })
  const role = { mount: 'approle', name: 'app', token: { policies: ['reads'] } }
  const { roleId } = await identities.putAppRole(role)
  const { secretId } = await identities.createSecretId('approle', 'app')
  writeFileSync(join(dir, 'secret-id'), secretId.reveal())
  const options = { address: server.url, roleId, secretIdFile: join(dir, 'secret-id') }
  const loaded = await config.load({
    providers: { coffer: { kind: 'coffer', ...options } },
    processEnv: {},
  })
  expect(loaded.db.url.reveal()).toBe('of the server')
})

test('what is wrong with the way to the server is a problem of each reference, and shows no token', async () => {
  const at = (processEnv: Record<string, string>, options: Record<string, string> = {}) =>
    refusalOf(() =>
      config.load({ providers: { coffer: { kind: 'coffer', ...options } }, processEnv }),
    )
  const address = server.url
  const file = join(dir, 'missing')
  const told = [
    await at({ COFFER_ADDR: address }),
    await at({ COFFER_ADDR: address, COFFER_TOKEN: 'CANARY' }),
    await at({ COFFER_ADDR: address, COFFER_TOKEN: 'CANARY two' }),
    await at({ COFFER_ADDR: 'http://coffer.example' }),
    await at({ COFFER_ADDR: 'https://127.0.0.1:1', COFFER_TOKEN: 'CANARY' }),
    await at({}, { address, tokenFile: file }),
    await at({}, { address, tokenFile: file, jwtFile: file }),
  ]
  const codes = told.map(
    (error) => (error as { problems?: { code: string }[] }).problems?.[0]?.code,
  )
  expect(codes).toEqual([
    'unauthenticated',
    'unauthenticated',
    'invalid_argument',
    'invalid_argument',
    'unavailable',
    'unauthenticated',
    'invalid_argument',
  ])
  for (const error of told) expect(error.message + JSON.stringify(error)).not.toContain('CANARY')
  expect((await at({})).message).toMatch(/COFFER_ADDR|No Coffer/)
})
