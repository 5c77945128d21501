import { afterAll, beforeAll, expect, it } from 'vitest'
import { CofferError } from '../../../core/errors.ts'
import type { TestServer } from '../../test-server.ts'
import { ADMIN, startTestServer } from '../../test-server.ts'
import type { Send } from './test-client.ts'
import { vaultClient } from './test-client.ts'

let server: TestServer
let send: Send
let stranger: Send

beforeAll(async () => {
  server = await startTestServer()
  send = vaultClient(server.url, server.adminToken)
  stranger = vaultClient(server.url)
})
afterAll(() => server.close())

const MAY_NOT = '1 error occurred:\n\t* permission denied\n\n'

it('tells strangers nothing of what is where', async () => {
  const wrong = vaultClient(server.url, 'coffer-is-not-my-token')
  const refused = { status: 403, body: { errors: ['permission denied'] } }
  for (const path of [
    'secret/data/x',
    'nowhere/x',
    'sys/mounts',
    'sys/nothing',
    'secret/bad/x',
    '',
  ]) {
    expect([path, await stranger('GET', path)]).toEqual([path, refused])
    expect([path, await wrong('GET', path)]).toEqual([path, refused])
  }
})

it('denies in the words of Vault, alike for what exists and what does not', async () => {
  await server.platform.as(ADMIN).access.putPolicy({
    name: 'apps',
    rules: [{ effect: 'allow', actions: ['read', 'list'], paths: ['apps/**'] }],
  })
  const apps = vaultClient(server.url, await server.token({ policies: ['apps'] }))
  const denied = { status: 403, body: { errors: [MAY_NOT] } }
  await send('POST', 'secret/data/apps/a', { data: { x: 1 } })
  await send('POST', 'secret/data/other', { data: { x: 1 } })
  expect((await apps('GET', 'secret/data/apps/a')).status).toBe(200)
  expect((await apps('GET', 'secret/data/apps/absent')).status).toBe(404)
  for (const path of ['other', 'absent']) {
    expect(await apps('GET', `secret/data/${path}`)).toEqual(denied)
    expect(await apps('GET', `secret/data/${path}?version=3`)).toEqual(denied)
    expect(await apps('GET', `secret/metadata/${path}`)).toEqual(denied)
    expect(await apps('GET', `secret/subkeys/${path}`)).toEqual(denied)
    expect(await apps('DELETE', `secret/data/${path}`)).toEqual(denied)
    expect(await apps('DELETE', `secret/metadata/${path}`)).toEqual(denied)
    expect(await apps('POST', `secret/data/${path}`, { data: {}, options: { cas: 7 } })).toEqual(
      denied,
    )
    expect(await apps('PATCH', `secret/data/${path}`, { data: {} })).toEqual(denied)
    expect(await apps('POST', `secret/metadata/${path}`, { max_versions: 1 })).toEqual(denied)
    expect(await apps('PATCH', `secret/metadata/${path}`, { max_versions: 1 })).toEqual(denied)
    for (const verb of ['delete', 'undelete', 'destroy']) {
      expect(await apps('POST', `secret/${verb}/${path}`, { versions: [1, 5] })).toEqual(denied)
    }
  }
  expect((await apps('GET', 'secret/metadata?list=true')).body.data).toEqual({ keys: ['apps/'] })
  expect((await apps('GET', 'secret/metadata/apps/none?list=true')).status).toBe(404)
  expect(await apps('GET', 'secret/metadata/others?list=true')).toEqual(denied)
  for (const path of [
    'sys/mounts',
    'sys/seal-status/x',
    'sys/key-status',
    'secret/config',
    'nowhere/x',
  ]) {
    expect([path, await apps('GET', path)]).toEqual([path, denied])
  }
  expect(await apps('POST', 'sys/seal')).toEqual(denied)
})

it('decides about the same address with a slash at its end', async () => {
  const coffer = server.platform.as(ADMIN)
  const hcl =
    'path "sys/*" { capabilities = ["read"] } path "sys/mounts" { capabilities = ["deny"] }'
  await coffer.access.putPolicy({ name: 'slash', combine: 'mostSpecific', rules: [], hcl })
  const slash = vaultClient(server.url, await server.token({ policies: ['slash'] }))
  expect((await slash('GET', 'sys/key-status')).status).toBe(200)
  for (const path of ['sys/mounts', 'sys/mounts/', 'sys/mounts//', 'sys//mounts']) {
    const { body, status } = await slash('GET', path)
    expect([path, status, body.data]).toEqual([path, expect.any(Number), undefined])
    expect(status).toBeGreaterThanOrEqual(400)
  }
})

it('answers for what there is not', async () => {
  expect(await send('GET', 'nowhere/x')).toEqual({
    status: 404,
    body: { errors: ['no handler for route "nowhere/x". route entry not found.'] },
  })
  expect(await send('GET', 'auth/approle/nothing')).toEqual({
    status: 404,
    body: { errors: ['1 error occurred:\n\t* unsupported path\n\n'] },
  })
  expect(await send('POST', 'secret/subkeys/x', {})).toEqual({
    status: 405,
    body: { errors: ['1 error occurred:\n\t* unsupported operation\n\n'] },
  })
  expect((await send('GET', 'secret/data/absent')).body).toEqual({ errors: [] })
})

it('takes a token in either header, and the headers that clients add', async () => {
  const headers = { authorization: `Bearer ${server.adminToken}`, 'x-vault-request': 'true' }
  expect((await stranger('GET', 'sys/mounts', undefined, headers)).status).toBe(200)
  const root = { 'x-vault-namespace': 'root', 'x-vault-wrap-ttl': '0' }
  expect((await send('GET', 'sys/mounts', undefined, root)).status).toBe(200)
})

it('refuses namespaces and wrapping instead of answering something else', async () => {
  await send('POST', 'secret/data/wrapped', { data: { canary: 'c4n4ry' } })
  for (const [name, value] of [
    ['x-vault-namespace', 'team-a'],
    ['x-vault-wrap-ttl', '60s'],
  ] as const) {
    const answer = await send('GET', 'secret/data/wrapped', undefined, { [name]: value })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer)).not.toContain('c4n4ry')
  }
  const written = await send('POST', 'secret/data/w2', { data: {} }, { 'x-vault-wrap-ttl': '60s' })
  expect(written.status).toBe(400)
  expect((await send('GET', 'secret/data/w2')).status).toBe(404)
})

it('says that it is JSON, and no more: hvac reads nothing else', async () => {
  for (const path of ['secret/data/absent', 'sys/health', 'sys/mounts', 'auth/token/lookup-self']) {
    const { headers } = await fetch(`${server.url}/v1/${path}`)
    expect([path, headers.get('content-type')]).toEqual([path, 'application/json'])
  }
})

it('reads a body whatever it says it is', async () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense']) {
    const made = await send(
      'POST',
      'secret/data/typed',
      { data: { type } },
      { 'content-type': type },
    )
    expect(made.status).toBe(200)
  }
  expect((await send('POST', 'sys/tools/random', ' \n')).status).toBe(200)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  expect(
    (await send('POST', 'sys/tools/random', 'bytes=4&format=hex', form)).body.data.random_bytes,
  ).toMatch(/^[0-9a-f]{8}$/)
})

it('says when there were too many requests, and when to come again', async () => {
  const { guard } = server.server
  const before = { ...guard }
  Object.assign(guard, {
    admit() {
      throw new CofferError('throttled', 'Too many.', { details: { retryAfterSeconds: 7 } })
    },
  })
  try {
    const response = await server.app.inject({
      url: '/v1/secret/data/x',
      headers: { 'x-vault-token': server.adminToken },
    })
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '7'])
    expect(response.json()).toEqual({
      errors: ['request path "secret/data/x": rate limit quota exceeded'],
    })
    expect((await stranger('GET', 'sys/health')).status).toBe(200)
  } finally {
    Object.assign(guard, before)
  }
})

it('audits what it does, with the way in', async () => {
  await send('GET', 'secret/data/apps/a')
  const [event] = await server.platform.as(ADMIN).audit.query({ action: 'read', limit: 1 })
  expect(event).toMatchObject({
    actor: ADMIN,
    via: 'vault',
    resource: 'apps/a',
    outcome: 'allowed',
  })
})

it('says that it is sealed, and still answers what opens it', async () => {
  const sealed = { ...server.server.gate.status(), sealed: true, storeId: undefined }
  const { gate } = server.server
  const open = { ...gate }
  Object.assign(gate, {
    status: () => sealed,
    platform: () => {
      throw new CofferError('sealed', 'The store is sealed.')
    },
  })
  try {
    for (const path of ['secret/data/x', 'sys/mounts', 'nowhere']) {
      expect(await send('GET', path)).toEqual({
        status: 503,
        body: { errors: ['Vault is sealed'] },
      })
    }
    expect((await stranger('GET', 'sys/health')).status).toBe(503)
    expect((await stranger('GET', 'sys/health?sealedcode=299')).status).toBe(299)
    expect((await stranger('GET', 'sys/seal-status')).body).toMatchObject({ sealed: true, t: 1 })
    expect((await stranger('GET', 'sys/leader')).status).toBe(200)
    expect((await stranger('GET', 'sys/init')).body).toEqual({ initialized: true })
    expect((await stranger('POST', 'sys/unseal', {})).status).toBe(400)
  } finally {
    Object.assign(gate, open)
  }
})
