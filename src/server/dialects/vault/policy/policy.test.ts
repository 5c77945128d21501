import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import type { TestServer } from '../../../test-server.ts'
import { startTestServer } from '../../../test-server.ts'
import type { Send } from '../test-client.ts'
import { vaultClient } from '../test-client.ts'

let server: TestServer
let root: Send

beforeAll(async () => {
  server = await startTestServer()
  root = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

const put = (name: string, text: string) =>
  root('PUT', `sys/policies/acl/${name}`, { policy: text })

let made = 0
/** A token with one policy of this text. */
async function holder(text: string): Promise<{ send: Send; token: string }> {
  const name = `holder-${made++}`
  expect((await put(name, text)).status).toBe(204)
  const { body } = await root('POST', 'auth/token/create', { policies: [name] })
  const token: string = body.auth.client_token
  return { token, send: vaultClient(server.url, token) }
}

const native = (token: string, method: string, path: string, body?: object) =>
  fetch(`${server.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

describe('policies', () => {
  const TEXT = '# mine\npath "secret/data/x" {\n  capabilities = ["read"]\n}\n'

  it('come back exactly as they were written, by either address', async () => {
    expect((await root('POST', 'sys/policy/Mine', { policy: TEXT })).status).toBe(204)
    expect((await root('GET', 'sys/policies/acl/mine')).body.data).toEqual({
      name: 'mine',
      policy: TEXT,
    })
    const old = (await root('GET', 'sys/policy/mine')).body
    expect(old).toMatchObject({ name: 'mine', rules: TEXT, data: { name: 'mine', rules: TEXT } })
    const json = JSON.stringify({ path: { 'secret/*': { policy: 'read' } } })
    expect((await put('json', json)).status).toBe(204)
    expect((await root('GET', 'sys/policy/json')).body.rules).toBe(json)
    const base64 = Buffer.from(TEXT).toString('base64')
    expect((await put('encoded', base64)).status).toBe(204)
    expect((await root('GET', 'sys/policy/encoded')).body.rules).toBe(TEXT)
  })

  it('are listed, and removed once and twice', async () => {
    await put('gone', TEXT)
    const names = (await root('GET', 'sys/policies/acl?list=true')).body.data.keys
    expect(names).toEqual(expect.arrayContaining(['default', 'gone', 'root']))
    expect(names).not.toContain('auditor')
    const old = (await root('GET', 'sys/policy')).body
    expect(old.policies).toEqual(old.data.keys)
    for (let i = 0; i < 2; i++) {
      expect((await root('DELETE', 'sys/policies/acl/gone')).status).toBe(204)
    }
    expect(await root('GET', 'sys/policies/acl/gone')).toEqual({
      status: 404,
      body: { errors: [] },
    })
  })

  it('are refused with the line that is wrong', async () => {
    const answer = await put('bad', '\npath "a" { capabilities = ["raed"] }')
    expect(answer).toEqual({
      status: 400,
      body: {
        errors: ['failed to parse policy: hcl: line 2: path "a": invalid capability "raed"'],
      },
    })
    expect((await put('bad', '')).body.errors).toEqual(["'policy' parameter not supplied or empty"])
  })

  it('keep root and default from being lost', async () => {
    expect((await put('root', TEXT)).status).toBe(400)
    expect((await root('DELETE', 'sys/policy/root')).status).toBe(400)
    expect((await root('DELETE', 'sys/policy/default')).status).toBe(400)
    expect((await root('GET', 'sys/policy/default')).body.rules).toMatch(/lookup-self/)
    const changed = 'path "secret/data/shared" { capabilities = ["read"] }'
    const before = await holder('path "nothing" { capabilities = ["read"] }')
    await root('PUT', 'secret/data/shared', { data: { a: 1 } })
    expect((await before.send('GET', 'secret/data/shared')).status).toBe(403)
    expect((await put('default', changed)).status).toBe(204)
    expect((await before.send('GET', 'secret/data/shared')).status).toBe(200)
    expect((await before.send('GET', 'auth/token/lookup-self')).status).toBe(200)
  })
})

describe('what a policy gives and denies holds in every way in', () => {
  const TEXT = `
    path "secret/data/app/*"        { capabilities = ["create", "read"] }
    path "secret/metadata/app/*"    { capabilities = ["list"] }
    path "secret/data/app/hidden/*" { capabilities = ["deny"] }`
  const [READ, HIDDEN, OTHER] = ['app/one', 'app/hidden/two', 'other/three']
  let by: Awaited<ReturnType<typeof holder>>

  beforeAll(async () => {
    by = await holder(TEXT)
    for (const path of [READ, HIDDEN, OTHER]) {
      await root('PUT', `secret/data/${path}`, { data: { v: path } })
    }
  })

  it('of reading', async () => {
    const { send, token } = by
    expect((await send('GET', `secret/data/${READ}`)).body.data.data).toEqual({ v: READ })
    expect((await native(token, 'GET', `secrets/${READ}`)).status).toBe(200)
    for (const path of [HIDDEN, OTHER]) {
      expect((await send('GET', `secret/data/${path}`)).status).toBe(403)
      expect((await native(token, 'GET', `secrets/${path}`)).status).toBe(403)
    }
    expect((await send('GET', 'secret/metadata/app/one')).status).toBe(403)
    expect((await native(token, 'GET', 'metadata/app/one')).status).toBe(403)
  })

  it('of making, which is not changing', async () => {
    const { send, token } = by
    expect((await send('PUT', 'secret/data/app/new', { data: {} })).status).toBe(200)
    expect((await send('PUT', 'secret/data/app/new', { data: {} })).status).toBe(403)
    const value = { value: 'x', encoding: 'text' }
    expect((await native(token, 'PUT', 'secrets/app/new', value)).status).toBe(403)
    expect((await native(token, 'PUT', 'secrets/app/newer', value)).status).toBe(200)
  })

  it('of listing', async () => {
    const { send, token } = by
    const listed = (await send('GET', 'secret/metadata/app?list=true')).body.data.keys
    expect(listed).toEqual(expect.arrayContaining(['hidden/', 'one']))
    expect((await send('GET', 'secret/metadata?list=true')).status).toBe(403)
    const all = (await (await native(token, 'GET', 'list')).json()) as { items: { path: string }[] }
    const paths = all.items.map(({ path }) => path)
    expect(paths).toEqual(expect.arrayContaining([HIDDEN, READ]))
    expect(paths.every((path) => path.startsWith('app/'))).toBe(true)
  })
})

test('a folder is shown to whoever may list what it lies in, and not what lies in it', async () => {
  const { send } = await holder('path "secret/metadata/top/" { capabilities = ["list"] }')
  await root('PUT', 'secret/data/top/sub/x', { data: {} })
  expect((await send('GET', 'secret/metadata/top?list=true')).body.data.keys).toEqual(['sub/'])
  expect((await send('GET', 'secret/metadata/top/sub?list=true')).status).toBe(403)
})

test('one capability is told from another where a Coffer has one action for both', async () => {
  const { send } = await holder(`
    path "secret/data/one/*"   { capabilities = ["read", "update", "delete"] }
    path "secret/delete/two/*" { capabilities = ["update"] }
    path "secret/data/three/*" { capabilities = ["patch"] }
    path "secret/metadata/four/*" { capabilities = ["delete"] }
    path "secret/destroy/five/*" { capabilities = ["update"] }`)
  for (const name of ['one', 'two', 'three', 'four', 'five']) {
    await root('PUT', `secret/data/${name}/x`, { data: { a: 1 } })
  }
  const status = async (method: string, path: string, body?: object) =>
    (await send(method, path, body as never)).status
  expect(await status('PATCH', 'secret/data/one/x', { data: { b: 2 } })).toBe(403)
  expect(await status('POST', 'secret/delete/one/x', { versions: [1] })).toBe(403)
  expect(await status('DELETE', 'secret/data/one/x')).toBe(204)
  expect(await status('DELETE', 'secret/data/two/x')).toBe(403)
  expect(await status('POST', 'secret/delete/two/x', { versions: [1] })).toBe(204)
  expect(await status('PUT', 'secret/data/three/x', { data: {} })).toBe(403)
  expect(await status('PATCH', 'secret/data/three/x', { data: { b: 2 } })).toBe(200)
  expect(await status('POST', 'secret/destroy/four/x', { versions: [1] })).toBe(403)
  expect(await status('DELETE', 'secret/metadata/four/x')).toBe(204)
  expect(await status('DELETE', 'secret/metadata/five/x')).toBe(403)
  expect(await status('POST', 'secret/destroy/five/x', { versions: [1] })).toBe(204)
})

test('a policy that was written before its mount speaks of it when it is there', async () => {
  const { token, send } = await holder('path "later/data/*" { capabilities = ["read"] }')
  expect((await send('GET', 'later/data/x')).status).toBe(404)
  await root('PUT', 'secret/data/later/x', { data: { a: 1 } })
  expect((await native(token, 'GET', 'secrets/later/x')).status).toBe(403)
  await root('POST', 'sys/mounts/later', { type: 'kv-v2' })
  expect((await send('GET', 'later/data/x')).body.data.data).toEqual({ a: 1 })
  expect((await native(token, 'GET', 'secrets/later/x')).status).toBe(200)
  await root('DELETE', 'sys/mounts/later')
  expect((await native(token, 'GET', 'secrets/later/x')).status).toBe(403)
})

test('addresses that are no secrets are decided about by themselves', async () => {
  const { send } = await holder(`
    path "sys/mounts"             { capabilities = ["read"] }
    path "sys/mounts/team*"       { capabilities = ["create", "update", "read"] }
    path "sys/policies/acl/team-*" { capabilities = ["create", "update"]
      denied_parameters = { "rules" = [] } }
    path "sys/auth/*"             { capabilities = ["update", "create"] }
    path "auth/approle/role/new"  { capabilities = ["create"] }
    path "auth/approle/role/old"  { capabilities = ["update", "read"] }`)
  expect((await send('GET', 'sys/mounts')).status).toBe(200)
  expect((await send('POST', 'sys/mounts/team', { type: 'kv' })).status).toBe(204)
  expect((await send('POST', 'sys/mounts/other', { type: 'kv' })).status).toBe(403)
  expect((await send('DELETE', 'sys/mounts/team')).status).toBe(403)
  const policy = 'path "x" { policy = "deny" }'
  expect((await send('PUT', 'sys/policies/acl/team-a', { policy })).status).toBe(204)
  expect((await send('PUT', 'sys/policies/acl/team-a', { rules: policy })).status).toBe(403)
  expect((await send('GET', 'sys/policies/acl/team-a')).status).toBe(403)
  expect((await send('PUT', 'sys/policies/acl/mine', { policy })).status).toBe(403)
  // Without sudo, whatever else is given.
  expect((await send('POST', 'sys/auth/x', { type: 'approle' })).status).toBe(403)
  expect((await send('POST', 'auth/approle/role/new', {})).status).toBe(204)
  expect((await send('POST', 'auth/approle/role/new', {})).status).toBe(403)
  expect((await send('POST', 'auth/approle/role/old', {})).status).toBe(403)
  await root('POST', 'auth/approle/role/old', {})
  expect((await send('POST', 'auth/approle/role/old', {})).status).toBe(204)
  expect((await send('GET', 'auth/approle/role/new')).status).toBe(403)
  expect((await send('GET', 'no/such/thing')).status).toBe(403)
  const audited = await server.platform.as('local:admin').audit.query({ action: 'vault.request' })
  expect(audited.at(-1)).toMatchObject({
    outcome: 'denied',
    resource: 'vault:no/such/thing',
    via: 'vault',
  })
})

test('what may name no version reads the current one alone, whichever way in it takes', async () => {
  await root('POST', 'secret/data/kept/x', { data: { n: 1 } })
  await root('POST', 'secret/data/kept/x', { data: { n: 2 } })
  const { send, token } = await holder(`
    path "secret/data/kept/*" { capabilities = ["read"]
      denied_parameters = { "version" = [] } }
    path "secret/subkeys/kept/*" { capabilities = ["read"]
      denied_parameters = { "depth" = [] } }
    path "sys/mounts" { capabilities = ["read"]
      required_parameters = ["why"] }`)
  const statuses = await Promise.all([
    send('GET', 'secret/data/kept/x'),
    send('GET', 'secret/data/kept/x?version=1'),
    native(token, 'GET', 'secrets/kept/x'),
    native(token, 'GET', 'secrets/kept/x?version=1'),
    send('GET', 'secret/subkeys/kept/x'),
    send('GET', 'secret/subkeys/kept/x?version=1'),
    send('GET', 'secret/subkeys/kept/x?depth=1'),
    send('GET', 'sys/mounts'),
    send('GET', 'sys/mounts?why=asked'),
  ])
  expect(statuses.map(({ status }) => status)).toEqual([
    200, 403, 200, 403, 200, 403, 403, 403, 200,
  ])
})

test('a slash at the end of an address changes nothing', async () => {
  const { send } = await holder(`
    path "sys/*"    { capabilities = ["read", "update", "sudo", "list"] }
    path "sys/seal" { capabilities = ["deny"] }
    path "auth/token/*" { capabilities = ["update"] }
    path "secret/*" { capabilities = ["read", "update", "delete"] }
    path "secret/metadata/kept" { capabilities = ["deny"] }`)
  await root('PUT', 'secret/data/kept', { data: {} })
  for (const end of ['', '/']) {
    expect((await send('PUT', `sys/seal${end}`)).status).toBe(403)
    expect((await send('POST', `auth/token/revoke-orphan${end}`, { token: 'x' })).status).toBe(403)
    expect((await send('DELETE', `secret/metadata/kept${end}`)).status).not.toBe(204)
  }
  expect((await root('GET', 'secret/metadata/kept')).status).toBe(200)
})

test('capabilities are told as Vault tells them', async () => {
  const { send, token } = await holder(`
    path "secret/data/app/*" { capabilities = ["update", "create", "read"] }
    path "secret/data/app/no" { capabilities = ["deny"] }
    path "sys/seal" { capabilities = ["update", "sudo"] }`)
  const paths = ['secret/data/app/x', 'secret/data/app/no', 'sys/seal', 'elsewhere']
  const { body } = await send('POST', 'sys/capabilities-self', { paths })
  const expected = {
    'secret/data/app/x': ['create', 'read', 'update'],
    'secret/data/app/no': ['deny'],
    'sys/seal': ['sudo', 'update'],
    elsewhere: ['deny'],
  }
  expect(body.data).toEqual(expected)
  expect(body).toMatchObject(expected)
  const { accessor } = (await send('GET', 'auth/token/lookup-self')).body.data
  const path = 'secret/data/app/x'
  for (const [address, which] of [
    ['sys/capabilities', { token }],
    ['sys/capabilities-accessor', { accessor }],
  ] as const) {
    const answer = await root('POST', address, { path, ...which })
    expect(answer.body.data.capabilities).toEqual(['create', 'read', 'update'])
  }
  const own = await root('POST', 'sys/capabilities-self', { path })
  expect(own.body.capabilities).toEqual(['root'])
  expect((await send('POST', 'sys/capabilities', { path, token })).status).toBe(403)
  expect((await send('POST', 'sys/capabilities-self', {})).status).toBe(400)
  const ours = vaultClient(server.url, await server.token({ policies: ['auditor'] }))
  const none = await ours('POST', 'sys/capabilities-self', { path })
  expect(none.body.capabilities).toEqual(['deny'])
})
