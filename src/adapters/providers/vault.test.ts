import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fakeServer, hangUp, json, page } from '../../client/test-fake.ts'
import type { FakeServer, Reply } from '../../client/test-fake.ts'
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

test('a role logs in once for many, and again when its token is refused', async () => {
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

const MOUNT = json({ data: { path: 'secret/', type: 'kv', options: { version: '2' } } })
const CANARY = 'canary-of-the-vault'

/** After the mount was found, the place answers so. */
async function withFake(
  replies: readonly Reply[],
  work: (ask: (key: string) => Promise<unknown>, server: FakeServer) => Promise<void>,
): Promise<void> {
  await using fake = await fakeServer(replies)
  const service = await open({}, { VAULT_ADDR: fake.url })
  await work((key) => askService(service, key), fake)
  await service.close?.()
}

const errors = (status: number, ...messages: string[]) => json({ errors: messages }, status)

test.each<readonly [string, Reply, object]>([
  ['400', errors(400, CANARY), { code: 'invalid_reference' }],
  ['404 of a proxy', page(404), { code: 'unavailable' }],
  ['403 of a proxy', page(403), { code: 'unavailable' }],
  ['404 of a namespace', errors(404, 'namespace not found'), { code: 'not_found' }],
  ['405', errors(405, CANARY), { code: 'invalid_reference' }],
  ['412', errors(412, CANARY), { code: 'unavailable' }],
  ['413', errors(413, CANARY), { code: 'invalid_reference' }],
  ['429 of a proxy', page(429, { 'retry-after': '2' }), { code: 'throttled' }],
  ['472', errors(472), { code: 'unavailable' }],
  ['473', errors(473), { code: 'unavailable' }],
  ['500', errors(500, CANARY), { code: 'unavailable' }],
  ['501', errors(501, CANARY), { code: 'unavailable' }],
  ['502', page(502), { code: 'unavailable' }],
  ['503 sealed', errors(503, 'Vault is sealed'), { message: /is sealed/ }],
  ['503', errors(503, CANARY), { code: 'unavailable' }],
  ['a page instead of a secret', page(200), { code: 'corrupt' }],
  ['a secret without data', json({ data: null }), { code: 'corrupt' }],
  ['a secret of another shape', json({ data: { data: CANARY } }), { code: 'corrupt' }],
  ['no answer', hangUp, { code: 'unavailable' }],
  ['no end', (response) => response.writeHead(200).write('{'), { code: 'timeout' }],
  [
    'too long an answer',
    (response) => response.writeHead(200).end('x'.repeat(LIMITS.documentBytesMax + 1)),
    { code: 'too_large' },
  ],
  ['a redirection', page(307, { location: 'https://elsewhere.example/' }), { code: 'unavailable' }],
])('%s is its error, and quotes nothing', async (_, reply, expected) => {
  await withFake([MOUNT, reply], async (ask) => {
    const error = await ask('secret/db')
    const [[name, pattern] = ['', '']] = Object.entries(expected)
    if (pattern instanceof RegExp)
      expect(error).toHaveProperty(name, expect.stringMatching(pattern))
    else expect(error).toMatchObject(expected)
    expect(JSON.stringify(error) + String(error)).not.toMatch(/canary/i)
  })
})

test('a throttled answer says when to come back', async () => {
  const throttled: Reply = (response) =>
    response
      .writeHead(429, { 'content-type': 'application/json', 'retry-after': '2' })
      .end('{"errors":["request path rate limited"]}')
  await withFake([MOUNT, throttled], async (ask) => {
    expect(await ask('secret/db')).toMatchObject({
      code: 'throttled',
      details: { retryAfterMs: 2_000 },
    })
  })
})

test('where the mount may not be known, version 2 is asked and then version 1', async () => {
  const denied = errors(403, '1 error occurred:\n\t* permission denied\n\n')
  const self = json({ data: {} })
  await withFake([denied, self, errors(404), json({ data: { a: '1' } })], async (ask, fake) => {
    expect(await ask('team/kv/x')).toBe('{"a":"1"}')
    expect(fake.seen.map(({ url }) => url)).toEqual([
      '/v1/sys/internal/ui/mounts/team/kv/x',
      '/v1/auth/token/lookup-self',
      '/v1/team/data/kv/x',
      '/v1/team/kv/x',
    ])
  })
  await withFake([denied, denied, denied], async (ask) => {
    expect(await ask('team/x')).toMatchObject({ code: 'denied' })
  })
})

test('an engine that is no KV is not read: that would make a credential', async () => {
  const database = json({ data: { path: 'database/', type: 'database', options: null } })
  await withFake([database], async (ask, fake) => {
    expect(await ask('database/creds/app')).toMatchObject({ code: 'invalid_reference' })
    expect(fake.seen).toHaveLength(1)
  })
})

test('the mount is asked for once, by whoever is first', async () => {
  await using fake = await fakeServer([MOUNT, json({ data: { data: { a: '1' }, metadata: {} } })])
  const service = await open({}, { VAULT_ADDR: fake.url })
  await Promise.all(['a', 'b', 'c'].map((name) => askService(service, `secret/${name}`)))
  expect(fake.seen.filter(({ url }) => url.includes('/mounts/'))).toHaveLength(1)
})

test('numbers come as they were written', async () => {
  const exact: Reply = (response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"data":{"data":{"n":12345678901234567890,"m":1.0},"metadata":{"version":3}}}')
  await withFake([MOUNT, exact], async (ask) => {
    expect(await ask('secret/db')).toBe('{"n":12345678901234567890,"m":1.0}')
  })
})

test('a standby leads to its leader, with the token; to nowhere else', async () => {
  await using leader = await fakeServer([MOUNT, json({ data: { data: { a: '1' }, metadata: {} } })])
  const lead: Reply = (response, seen, socket) => {
    if (seen.url === '/v1/sys/leader') json({ leader_address: leader.url })(response, seen, socket)
    else page(307, { location: leader.url + seen.url })(response, seen, socket)
  }
  await withFake([lead], async (ask, standby) => {
    expect(await ask('secret/db')).toBe('{"a":"1"}')
    expect(leader.seen.every(({ headers }) => 'x-vault-token' in headers)).toBe(true)
    const leaderAsked = standby.seen.filter(({ url }) => url === '/v1/sys/leader')
    expect(leaderAsked.every(({ headers }) => !('x-vault-token' in headers))).toBe(true)
  })
  await using other = await fakeServer([json({})])
  const mislead: Reply = (response, seen, socket) => {
    if (seen.url === '/v1/sys/leader') json({ leader_address: leader.url })(response, seen, socket)
    else page(307, { location: other.url + seen.url })(response, seen, socket)
  }
  await withFake([mislead], async (ask) => {
    expect(await ask('secret/db')).toMatchObject({ code: 'unavailable' })
    expect(other.seen).toHaveLength(0)
  })
  const round: Reply = (response, seen, socket) =>
    page(307, { location: seen.url })(response, seen, socket)
  await withFake([round], async (ask, fake) => {
    expect(await ask('secret/db')).toMatchObject({ code: 'unavailable' })
    expect(fake.seen).toHaveLength(2)
  })
})

test('its authority comes from VAULT_CACERT, its namespace from VAULT_NAMESPACE', async () => {
  const { ca, certificate } = testAuthority()
  await using state = await testDir()
  const file = path.join(state.dir, 'ca.pem')
  await writeFile(file, ca)
  await using fake = await fakeServer([MOUNT], certificate(['127.0.0.1'], DAY_MS))
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
