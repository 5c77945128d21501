import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeServer, json, page } from '../../client/test-fake.ts'
import { LIMITS } from '../../core/limits.ts'
import { startTestServer } from '../../server/test-server.ts'
import type { TestServer } from '../../server/test-server.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { refusal, refusalOf } from '../../testing/refusal.ts'
import { DAY_MS, testAuthority } from '../net/test-tls.ts'
import { askService, testDir, told } from './test-service.ts'
import { vault } from './vault.ts'
import { parseKey } from './vault/key.ts'
import { openVault } from './vault/service.ts'

/**
 * The place is our own server's Vault dialect, which unmodified clients of Vault accept; the adapter
 * is also tried by hand with OpenBao. What neither can be made to answer comes from a fake.
 */
let server: TestServer
let rounds = 0
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.close())

const api = async (method: string, where: string, body?: object, token = server.adminToken) => {
  const response = await fetch(`${server.url}/v1/${where}`, {
    method,
    headers: { 'x-vault-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  expect([where, response.ok]).toEqual([where, true])
  return response.status === 204 ? undefined : response.json()
}

providerContract('vault', async () => {
  const state = await testDir()
  const folder = `round${rounds++}`
  let broken = false
  const front = await fakeServer([
    (response, seen, socket) => {
      if (broken) return page(503)(response, seen, socket)
      const headers = { 'x-vault-token': server.adminToken }
      const pass = async () => {
        const answer = await fetch(server.url + seen.url, { headers })
        const type = { 'content-type': 'application/json' }
        response.writeHead(answer.status, type).end(await answer.text())
      }
      pass().catch(() => socket.destroy())
    },
  ])
  const env = { VAULT_ADDR: front.url, VAULT_TOKEN: 'any', COFFER_STATE_DIR: state.dir }
  return {
    provider: vault({ env, options: { mount: 'secret', field: 'value' } }),
    key: (word) => `${folder}/${word}`,
    put: (key, text) =>
      api('POST', `secret/data/${key}`, { data: { value: text } }) as Promise<void>,
    remove: (key) => api('DELETE', `secret/metadata/${key}`) as Promise<void>,
    breakDown: () => void (broken = true),
    close: async () => {
      await front[Symbol.asyncDispose]()
      await state[Symbol.asyncDispose]()
    },
  }
})

const open = (options: Record<string, string> = {}, env: Record<string, string> = {}) =>
  openVault(
    { env: { VAULT_ADDR: server.url, VAULT_TOKEN: server.adminToken, ...env }, options },
    500,
  )

test('both versions of KV are read at the paths of the command line and of the API', async () => {
  await api('POST', 'sys/mounts/old', { type: 'kv', options: { version: '1' } })
  await api('POST', 'old/a', { data: 'x', b: '1' })
  await api('POST', 'secret/data/db', { data: { user: 'ada', port: 5432 } })
  await api('POST', 'secret/data/db', { data: { user: 'eve', port: 5432 } })
  const service = await open()
  expect(await askService(service, 'secret/db')).toBe('{"user":"eve","port":5432}')
  expect(await askService(service, 'secret/data/db')).toBe('{"user":"eve","port":5432}')
  expect(await askService(service, { key: 'secret/db', version: 1 })).toContain('ada')
  const whole = await service.call(
    [{ provider: 'vault', key: 'secret/db' }],
    new AbortController().signal,
  )
  expect(whole).toMatchObject([{ value: { createdAt: expect.any(Number) } }])
  expect(await askService(service, { key: 'secret/db', version: 9 })).toBeUndefined()
  expect(await askService(service, 'old/a')).toBe('{"data":"x","b":"1"}')
  expect(await askService(service, 'old/none')).toBeUndefined()
  const refused = await askService(service, { key: 'old/a', version: 1 })
  expect(refused).toMatchObject({ code: 'invalid_reference' })
})

test('with the option field, the member itself; one that is not there is absent', async () => {
  await api('POST', 'secret/data/members', { data: { s: 'text', n: 1, o: { a: [] }, z: null } })
  const field = async (name: string) => askService(await open({ field: name }), 'secret/members')
  expect(await field('s')).toBe('text')
  expect(await field('n')).toBe('1')
  expect(await field('o')).toBe('{"a":[]}')
  expect(await field('z')).toBeUndefined()
  expect(await field('__proto__')).toBeUndefined()
})

test('deleted and destroyed versions, and an engine that is not there, are no absence', async () => {
  await api('POST', 'secret/data/gone', { data: { a: '1' } })
  await api('DELETE', 'secret/data/gone')
  await api('POST', 'secret/data/burnt', { data: { a: '1' } })
  await api('PUT', 'secret/destroy/burnt', { versions: [1] })
  const service = await open()
  expect(await askService(service, 'secret/gone')).toMatchObject({ code: 'deleted' })
  expect(await askService(service, 'secret/burnt')).toMatchObject({ code: 'destroyed' })
  expect(await askService(service, 'nowhere/x')).toMatchObject({ code: 'not_found' })
  expect(await askService(service, 'secret/none')).toBeUndefined()
})

test('a token that may not is denied; one that is none, or has ended, is unauthenticated', async () => {
  await api('POST', 'secret/data/mine', { data: { a: '1' } })
  await api('PUT', 'sys/policies/acl/mine', {
    policy: 'path "secret/data/mine" { capabilities = ["read"] }',
  })
  const made = (await api('POST', 'auth/token/create', { policies: ['mine'] })) as {
    auth: { client_token: string }
  }
  const mine = await open({}, { VAULT_TOKEN: made.auth.client_token })
  expect(await askService(mine, 'secret/mine')).toBe('{"a":"1"}')
  expect(await askService(mine, 'secret/other')).toMatchObject({
    code: 'denied',
    remedy: expect.stringContaining('path "secret/data/other"') as unknown,
  })
  await api('POST', 'auth/token/revoke', { token: made.auth.client_token })
  const stranger = await open({}, { VAULT_TOKEN: 'hvs.none' })
  expect(await askService(stranger, 'secret/mine')).toMatchObject({ code: 'unauthenticated' })
})

test('a role logs in, and with another secret id is another caller', async () => {
  await api('POST', 'sys/auth/approle', { type: 'approle' }).catch(() => {})
  await api('PUT', 'sys/policies/acl/all', {
    policy: 'path "secret/*" { capabilities = ["read"] }',
  })
  await api('POST', 'auth/approle/role/ci', { token_policies: ['all'] })
  const { data: role } = (await api('GET', 'auth/approle/role/ci/role-id')) as {
    data: { role_id: string }
  }
  const { data: secret } = (await api('POST', 'auth/approle/role/ci/secret-id')) as {
    data: { secret_id: string }
  }
  await using state = await testDir()
  const secretIdFile = path.join(state.dir, 'secret-id')
  await writeFile(secretIdFile, `${secret.secret_id}\n`)
  const service = await open({ auth: 'approle', roleId: role.role_id, secretIdFile })
  const refs = ['a', 'b', 'c'].map((name) => ({ provider: 'vault', key: `secret/${name}` }))
  const answers = await Promise.all(
    refs.map((ref) => service.call([ref], new AbortController().signal)),
  )
  expect(answers.flat().map(told)).toEqual([undefined, undefined, undefined])
  await writeFile(secretIdFile, 'wrong')
  const wrong = await open({ auth: 'approle', roleId: role.role_id, secretIdFile })
  expect(await askService(wrong, 'secret/a')).toMatchObject({ code: 'unauthenticated' })
  expect(wrong.scope).not.toBe(service.scope)
})

test('its authority comes from VAULT_CACERT, its namespace from VAULT_NAMESPACE', async () => {
  const { ca, certificate } = testAuthority()
  await using state = await testDir()
  const file = path.join(state.dir, 'ca.pem')
  await writeFile(file, ca)
  await using fake = await fakeServer([json({}, 404)], certificate(['127.0.0.1'], DAY_MS))
  const trusting = { VAULT_ADDR: fake.url, VAULT_CACERT: file, VAULT_NAMESPACE: 'team' }
  await askService(await open({}, trusting), 'secret/x')
  expect(fake.seen[0]?.headers).toMatchObject({ 'x-vault-namespace': 'team' })
  const error = await askService(await open({}, { VAULT_ADDR: fake.url }), 'secret/x')
  expect(error).toMatchObject({ code: 'unavailable', remedy: /CACERT/ as unknown as string })
})

describe('what cannot be used is said before anything is asked', () => {
  test.each<readonly [Record<string, string>, Record<string, string>, string]>([
    [{ VAULT_ADDR: '' }, {}, 'invalid_config'],
    [{ VAULT_ADDR: 'vault.example:8200' }, {}, 'invalid_config'],
    [{ VAULT_ADDR: 'https://u:p@vault.example' }, {}, 'invalid_config'],
    [{ VAULT_ADDR: 'http://vault.example:8200' }, {}, 'invalid_config'],
    [{ VAULT_SKIP_VERIFY: 'true' }, {}, 'invalid_config'],
    [{ VAULT_CACERT: '/nowhere/ca.pem' }, {}, 'invalid_config'],
    [{ VAULT_TOKEN: '', HOME: '/nowhere' }, {}, 'unauthenticated'],
    [{ VAULT_TOKEN: 'with space' }, {}, 'unauthenticated'],
    [{}, { tokenFile: '/nowhere/token' }, 'invalid_config'],
    [{}, { tokenFile: '/dev/zero' }, 'invalid_config'],
    [{}, { auth: 'ldap' }, 'invalid_config'],
    [{}, { auth: 'approle' }, 'invalid_config'],
    [{}, { auth: 'kubernetes' }, 'invalid_config'],
    [{}, { auth: 'jwt', role: 'ci' }, 'invalid_config'],
  ])('%j %j', async (env, options, code) => {
    expect(await refusalOf(() => open(options, env))).toMatchObject({ code })
  })

  test('a time that is none', () => {
    const made = (text: string) => () => vault({ env: { VAULT_CLIENT_TIMEOUT: text }, options: {} })
    expect(refusal(made('soon')).code).toBe('invalid_config')
    expect(refusal(made('0')).code).toBe('invalid_config')
    expect(refusal(made(`${LIMITS.clientTimeoutMs + 1}ms`)).code).toBe('invalid_config')
    expect(made(`${LIMITS.clientTimeoutMs}ms`)).not.toThrow()
  })

  test('a key of the limit is one, a longer one is not', () => {
    const key = (chars: number) => `a/${'x'.repeat(chars - 2)}`
    const parse = (chars: number) => parseKey({ provider: 'v', key: key(chars) }, undefined)
    expect(parse(LIMITS.referenceCharsMax).path).toHaveLength(LIMITS.referenceCharsMax)
    expect(refusal(() => parse(LIMITS.referenceCharsMax + 1)).code).toBe('too_large')
  })

  test.each(['secret', 'a//b', 'a/../b', 'a/b/', 'a/.', 'a/x\ny', '/'])('the key %j', (key) => {
    expect(refusal(() => parseKey({ provider: 'v', key }, undefined)).code).toBe(
      'invalid_reference',
    )
  })

  test('the token file of `vault login` is found, and the scope tells nothing of it', async () => {
    await using state = await testDir()
    await writeFile(path.join(state.dir, '.vault-token'), 'hvs.own')
    const service = await open({}, { VAULT_TOKEN: '', HOME: state.dir })
    expect(service.scope).not.toContain('hvs.own')
    expect(service.scope).not.toBe((await open()).scope)
  })
})
