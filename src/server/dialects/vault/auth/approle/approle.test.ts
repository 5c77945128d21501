import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestServer } from '../../../../test-server.ts'
import { startTestServer } from '../../../../test-server.ts'
import type { Send, VaultBody } from '../../test-client.ts'
import { vaultClient } from '../../test-client.ts'

let server: TestServer
let root: Send
let stranger: Send

beforeAll(async () => {
  server = await startTestServer()
  root = vaultClient(server.url, server.adminToken)
  stranger = vaultClient(server.url)
})
afterAll(() => server.close())

const ROLE = 'auth/approle/role'
const make = (name: string, body: object = {}) => root('POST', `${ROLE}/${name}`, body as never)
const roleId = async (name: string): Promise<string> =>
  (await root('GET', `${ROLE}/${name}/role-id`)).body.data.role_id
const secretId = async (name: string, body: object = {}): Promise<VaultBody> =>
  (await root('POST', `${ROLE}/${name}/secret-id`, body as never)).body.data
const login = (role_id: string, secret_id: string, mount = 'approle') =>
  stranger('POST', `auth/${mount}/login`, { role_id, secret_id })

it('logs in, and the token is what the role says', async () => {
  await make('ci', {
    token_policies: 'x,y',
    token_ttl: '10m',
    token_max_ttl: '20m',
    token_num_uses: 7,
  })
  const secret = await secretId('ci', { metadata: '{"job":"build"}' })
  const { status, body } = await login(await roleId('ci'), secret.secret_id)
  expect(status).toBe(200)
  expect(body.auth).toMatchObject({
    policies: ['default', 'x', 'y'],
    metadata: { role_name: 'ci', job: 'build' },
    lease_duration: 600,
    renewable: true,
    num_uses: 7,
    orphan: true,
    token_type: 'service',
  })
  const own = vaultClient(server.url, body.auth.client_token)
  const { data } = (await own('GET', 'auth/token/lookup-self')).body
  expect(data).toMatchObject({ path: 'auth/approle/login', policies: ['default', 'x', 'y'] })
})

it('renews nothing of a role that is gone', async () => {
  const body = { token_period: '1h' }
  await make('short-lived', body)
  const { secret_id: secret } = await secretId('short-lived', {
    metadata: '{"role":"short-lived"}',
  })
  const { auth } = (await login(await roleId('short-lived'), secret)).body
  const own = vaultClient(server.url, auth.client_token)
  const renew = async () => (await own('POST', 'auth/token/renew-self', {})).status
  expect(await renew()).toBe(200)
  await root('DELETE', `${ROLE}/short-lived`)
  expect([await renew(), (await own('GET', 'auth/token/lookup-self')).status]).toEqual([400, 200])
})

it('answers every wrong login alike, and keeps nobody else out', async () => {
  await make('lock')
  const [id, { secret_id: secret }] = [await roleId('lock'), await secretId('lock')]
  const refusals = [
    await login(id, 'wrong'),
    await login('wrong', secret),
    await login(id, ''),
    await stranger('POST', 'auth/approle/login', { role_id: id }),
  ]
  for (const refusal of refusals) {
    expect(refusal).toEqual({ status: 400, body: { errors: ['invalid role or secret ID'] } })
  }
  expect((await stranger('POST', 'auth/approle/login', {})).body.errors).toEqual([
    'missing role_id',
  ])
  expect((await login(id, secret)).status).toBe(200)
})

it('reads a role as it was written, and keeps what is not given', async () => {
  await make('Full', {
    bind_secret_id: true,
    secret_id_bound_cidrs: ['127.0.0.0/8'],
    secret_id_num_uses: 40,
    secret_id_ttl: '10m',
    token_policies: ['dev'],
    token_ttl: '20m',
    token_max_ttl: '30m',
    token_bound_cidrs: '127.0.0.0/8',
    token_no_default_policy: true,
    token_type: 'service',
  })
  await make('full', { token_num_uses: 3 })
  expect((await root('GET', `${ROLE}/full`)).body.data).toEqual({
    bind_secret_id: true,
    local_secret_ids: false,
    policies: ['dev'],
    secret_id_bound_cidrs: ['127.0.0.0/8'],
    secret_id_num_uses: 40,
    secret_id_ttl: 600,
    token_bound_cidrs: ['127.0.0.0/8'],
    token_explicit_max_ttl: 0,
    token_max_ttl: 1_800,
    token_no_default_policy: true,
    token_num_uses: 3,
    token_period: 0,
    token_policies: ['dev'],
    token_strictly_bind_ip: false,
    token_ttl: 1_200,
    token_type: 'default',
  })
  const { secret_id: secret } = await secretId('full')
  const { auth } = (await login(await roleId('full'), secret)).body
  expect(auth.policies).toEqual(['dev'])
  const listed = (await root('GET', `${ROLE}?list=true`)).body.data.keys
  expect(listed).toEqual(expect.arrayContaining(['ci', 'full']))
})

describe('each property has an address', () => {
  const cases: [path: string, field: string, value: unknown, shown: unknown, reset: unknown][] = [
    ['policies', 'token_policies', ['a', 'b'], ['a', 'b'], []],
    ['secret-id-bound-cidrs', 'secret_id_bound_cidrs', ['10.0.0.0/8'], ['10.0.0.0/8'], null],
    ['bound-cidr-list', 'bound_cidr_list', '10.0.0.0/8', ['10.0.0.0/8'], null],
    ['token-bound-cidrs', 'token_bound_cidrs', ['10.0.0.0/8'], ['10.0.0.0/8'], []],
    ['secret-id-num-uses', 'secret_id_num_uses', '5', 5, 0],
    ['secret-id-ttl', 'secret_id_ttl', '1h', 3_600, 0],
    ['token-num-uses', 'token_num_uses', 5, 5, 0],
    ['token-ttl', 'token_ttl', 90, 90, 0],
    ['token-max-ttl', 'token_max_ttl', '1h', 3_600, 0],
    ['period', 'token_period', '1h', 3_600, 0],
    ['bind-secret-id', 'bind_secret_id', true, true, true],
  ]
  it.each(cases)('%s', async (path, field, value, shown, reset) => {
    await make('props')
    const at = `${ROLE}/props/${path}`
    const read = async () => (await root('GET', at)).body.data[field]
    expect((await root('POST', at, { [field]: value } as never)).status).toBe(204)
    expect(await read()).toEqual(shown)
    expect((await root('DELETE', at)).status).toBe(204)
    expect(await read()).toEqual(reset)
    expect((await root('POST', at, {})).body.errors).toEqual([`missing ${field}`])
    expect((await root('GET', `${ROLE}/absent/${path}`)).status).toBe(404)
  })

  it('role-id', async () => {
    await make('named')
    await root('POST', `${ROLE}/named/role-id`, { role_id: 'my-own-id' })
    expect(await roleId('named')).toBe('my-own-id')
    const { secret_id: secret } = await secretId('named')
    expect((await login('my-own-id', secret)).status).toBe(200)
  })
})

it('shows secret ids by themselves and by their accessors, and destroys them either way', async () => {
  await make('ids', { secret_id_num_uses: 2, secret_id_ttl: '1h' })
  const [a, b] = [await secretId('ids'), await secretId('ids', { ttl: '5m', num_uses: 1 })]
  expect(a).toMatchObject({ secret_id_ttl: 3_600, secret_id_num_uses: 2 })
  expect(b).toMatchObject({ secret_id_ttl: 300, secret_id_num_uses: 1 })
  const accessors: string[] = [a.secret_id_accessor, b.secret_id_accessor]
  const listed = await root('GET', `${ROLE}/ids/secret-id?list=true`)
  expect(listed.body.data.keys).toEqual(accessors.toSorted())
  const bySecret = await root('POST', `${ROLE}/ids/secret-id/lookup`, { secret_id: a.secret_id })
  const { secret_id_accessor } = a
  const byAccessor = await root('POST', `${ROLE}/ids/secret-id-accessor/lookup`, {
    secret_id_accessor,
  })
  expect(bySecret.body.data).toEqual({
    cidr_list: [],
    creation_time: new Date(server.now()).toISOString(),
    expiration_time: new Date(server.now() + 3_600_000).toISOString(),
    last_updated_time: new Date(server.now()).toISOString(),
    metadata: {},
    secret_id_accessor,
    secret_id_num_uses: 2,
    secret_id_ttl: 3_600,
    token_bound_cidrs: [],
  })
  expect(byAccessor.body.data).toEqual(bySecret.body.data)
  const id = await roleId('ids')
  await root('POST', `${ROLE}/ids/secret-id/destroy`, { secret_id: a.secret_id })
  expect((await login(id, a.secret_id)).status).toBe(400)
  const destroy = `${ROLE}/ids/secret-id-accessor/destroy`
  expect((await login(id, b.secret_id)).status).toBe(200)
  expect((await login(id, b.secret_id)).status).toBe(400)
  const gone = await root('POST', destroy, { secret_id_accessor: b.secret_id_accessor })
  expect(gone).toEqual({ status: 403, body: { errors: ['invalid secret id accessor'] } })
  expect((await root('POST', 'auth/approle/tidy/secret-id')).status).toBe(202)
})

it('takes the secret ids that clients bring', async () => {
  await make('push')
  const made = await root('POST', `${ROLE}/push/custom-secret-id`, { secret_id: 'chosen' })
  expect(made.body.data.secret_id).toBe('chosen')
  expect((await login(await roleId('push'), 'chosen')).status).toBe(200)
  const again = await root('POST', `${ROLE}/push/custom-secret-id`, { secret_id: 'chosen' })
  expect(again.status).toBe(400)
  const none = await root('POST', `${ROLE}/push/custom-secret-id`, {})
  expect(none.body.errors).toEqual(['missing secret_id'])
})

it('refuses what makes no sense', async () => {
  for (const body of [
    { secret_id_num_uses: -1 },
    { token_ttl: '2h', token_max_ttl: '1h' },
    { token_type: 'batch' },
    { bind_secret_id: false },
    { secret_id_bound_cidrs: ['nowhere'] },
    { local_secret_ids: true },
    { token_policies: ['No such name!'] },
    { token_ttl: 'soon' },
  ]) {
    const answer = await make('odd', body)
    expect([body, answer.status]).toEqual([body, 400])
  }
  expect((await root('GET', `${ROLE}/odd`)).status).toBe(404)
  await make('plain', { secret_id_num_uses: 2 })
  for (const body of [{ num_uses: 3 }, { num_uses: -1 }, { metadata: '{' }, { cidr_list: 'x' }]) {
    const answer = await root('POST', `${ROLE}/plain/secret-id`, body as never)
    expect([body, answer.status]).toEqual([body, 400])
  }
  expect((await root('POST', `${ROLE}/absent/secret-id`, {})).status).toBe(404)
  expect((await root('DELETE', `${ROLE}/absent`)).status).toBe(204)
})

it('is mounted elsewhere as well, with roles of its own', async () => {
  expect((await root('POST', 'sys/auth/ci/runners', { type: 'approle' })).status).toBe(204)
  const path = 'auth/ci/runners/role/ci'
  expect((await root('POST', path, { token_policies: 'z' })).status).toBe(204)
  const id = (await root('GET', `${path}/role-id`)).body.data.role_id
  const secret = (await root('POST', `${path}/secret-id`)).body.data.secret_id
  expect((await login(id, secret)).status).toBe(400)
  const { auth } = (await login(id, secret, 'ci/runners')).body
  expect(auth.policies).toEqual(['default', 'z'])
  const methods = (await root('GET', 'sys/auth')).body
  expect(methods.data['ci/runners/']).toMatchObject({ type: 'approle' })
  expect(methods['approle/'].accessor).toMatch(/approle_/)
  expect((await root('POST', 'sys/auth/ci', { type: 'jwt' })).body.errors).toEqual([
    'path is already in use at ci/',
  ])
  expect((await root('POST', 'sys/auth/ci/runners/tune', { description: 'x' })).status).toBe(204)
  expect((await root('GET', 'sys/auth/ci/runners/tune')).body.description).toBe('x')
  expect((await root('DELETE', 'sys/auth/ci/runners')).status).toBe(204)
  expect((await login(id, secret, 'ci/runners')).status).toBe(403)
  const own = vaultClient(server.url, auth.client_token)
  expect((await own('GET', 'auth/token/lookup-self')).status).toBe(403)
  await root('POST', 'sys/auth/ci/runners', { type: 'approle' })
  expect((await root('GET', path)).status).toBe(404)
  expect((await root('DELETE', 'sys/auth/token')).status).toBe(400)
  for (const status of [204, 400]) {
    expect((await root('POST', 'sys/auth/approle', { type: 'approle' })).status).toBe(status)
  }
  expect((await root('POST', 'sys/auth/x', { type: 'github' })).status).toBe(400)
})
