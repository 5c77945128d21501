import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../../test-server.ts'
import { startTestServer } from '../../../../test-server.ts'
import type { Send, VaultBody } from '../../test-client.ts'
import { vaultClient } from '../../test-client.ts'

let server: TestServer
let root: Send

beforeAll(async () => {
  server = await startTestServer()
  root = vaultClient(server.url, server.adminToken)
})
afterAll(() => server.close())

const created = async (body: object, by: Send = root, path = 'create'): Promise<VaultBody> => {
  const answer = await by('POST', `auth/token/${path}`, body as never)
  expect(answer).toMatchObject({ status: 200 })
  return answer.body.auth
}
const as = (auth: VaultBody): Send => vaultClient(server.url, auth.client_token)
const policy = (name: string, policy: string) => root('PUT', `sys/policies/acl/${name}`, { policy })

it('shows a role with the names that it was given, and refuses times below 0', async () => {
  await root('POST', 'auth/token/roles/named', { allowed_policies: ['root', 'a'] })
  const { data } = (await root('GET', 'auth/token/roles/named')).body
  expect(data.allowed_policies).toEqual(['root', 'a'])
  for (const name of ['period', 'token_period', 'explicit_max_ttl', 'token_explicit_max_ttl']) {
    const answer = await root('POST', 'auth/token/roles/named', { [name]: '-1h' })
    expect([name, answer.status]).toEqual([name, 400])
  }
  await root('DELETE', 'auth/token/roles/named')
})

it('answers a creation with all that clients read', async () => {
  const { body } = await root('POST', 'auth/token/create', {
    policies: ['b', 'a'],
    ttl: '1h',
    meta: { team: 'x' },
    display_name: 'CI job',
    num_uses: 5,
  })
  expect(body).toMatchObject({ data: null, mount_type: 'token', lease_id: '', wrap_info: null })
  expect(body.warnings).toEqual(['Policy "b" does not exist', 'Policy "a" does not exist'])
  expect(body.auth).toEqual({
    client_token: expect.stringMatching(/^coffer_/),
    accessor: expect.stringMatching(/^\w{24}$/),
    policies: ['a', 'b', 'default'],
    token_policies: ['a', 'b', 'default'],
    metadata: { team: 'x' },
    lease_duration: 3600,
    renewable: true,
    entity_id: '',
    token_type: 'service',
    orphan: false,
    mfa_requirement: null,
    num_uses: 5,
  })
})

it('looks a token up by itself, by its text and by its accessor', async () => {
  const auth = await created({ ttl: '1h', display_name: 'CI job', policies: ['default'] })
  const expected = {
    accessor: auth.accessor,
    creation_time: Math.floor(server.now() / 1_000),
    creation_ttl: 3600,
    display_name: 'token-CI-job',
    entity_id: '',
    expire_time: new Date(server.now() + 3_600_000).toISOString(),
    explicit_max_ttl: 0,
    id: auth.client_token,
    issue_time: new Date(server.now()).toISOString(),
    meta: null,
    num_uses: 0,
    orphan: false,
    path: 'auth/token/create',
    policies: ['default'],
    renewable: true,
    ttl: 3600,
    type: 'service',
  }
  expect((await as(auth)('GET', 'auth/token/lookup-self')).body.data).toEqual(expected)
  const byText = await root('POST', 'auth/token/lookup', { token: auth.client_token })
  expect(byText.body.data).toEqual(expected)
  const byAccessor = await root('POST', 'auth/token/lookup-accessor', { accessor: auth.accessor })
  expect(byAccessor.body.data).toEqual({ ...expected, id: '' })
  const listed = (await root('GET', 'auth/token/accessors?list=true')).body.data.keys
  expect(listed).toContain(auth.accessor)
})

it('says what Vault says of tokens that there are not', async () => {
  expect(await root('POST', 'auth/token/lookup', { token: 'x' })).toEqual({
    status: 403,
    body: { errors: ['bad token'] },
  })
  for (const accessor of ['nope', 'no pe']) {
    expect(await root('POST', 'auth/token/lookup-accessor', { accessor })).toMatchObject({
      status: 400,
      body: { errors: ['invalid accessor'] },
    })
  }
  expect((await root('POST', 'auth/token/revoke', { token: 'x' })).status).toBe(204)
  const gone = await root('POST', 'auth/token/revoke-accessor', { accessor: 'nope' })
  expect(gone.body.warnings).toEqual(['No token found with this accessor'])
  expect((await root('POST', 'auth/token/renew', { token: 'x' })).status).toBe(400)
  expect((await root('POST', 'auth/token/renew', {})).body.errors).toEqual(['missing token ID'])
})

it('makes a root token of a root token, which does not expire', async () => {
  const auth = await created({})
  expect(auth).toMatchObject({ policies: ['root'], lease_duration: 0, renewable: false })
  const { data } = (await as(auth)('GET', 'auth/token/lookup-self')).body
  expect(data).toMatchObject({ expire_time: null, ttl: 0, policies: ['root'] })
  const expiring = await created({ policies: ['root'], ttl: '1m' })
  const refused = await as(expiring)('POST', 'auth/token/create', { policies: ['root'] })
  expect(refused.status).toBe(400)
})

it('gives nobody more than they have', async () => {
  await policy('maker', 'path "auth/token/create" { capabilities = ["update"] }')
  await policy('sudoer', 'path "auth/token/create" { capabilities = ["update", "sudo"] }')
  const maker = as(await created({ policies: ['maker', 'x'] }))
  const child = await created({ policies: ['x'] }, maker)
  expect(child.policies).toEqual(['default', 'x'])
  expect((await created({}, maker)).policies).toEqual(['default', 'maker', 'x'])
  expect((await created({ no_default_policy: true }, maker)).policies).toEqual(['maker', 'x'])
  const refusals: [object, string][] = [
    [{ policies: ['y'] }, 'child policies must be subset of parent'],
    [{ policies: ['root'] }, 'child policies must be subset of parent'],
    [{ period: '1h' }, 'root or sudo privileges required to create periodic token'],
    [{ no_parent: true }, 'root or sudo privileges required to create orphan token'],
  ]
  for (const [body, why] of refusals) {
    const answer = await maker('POST', 'auth/token/create', body as never)
    expect(answer).toEqual({ status: 400, body: { errors: [why] } })
  }
  const sudoer = as(await created({ policies: ['sudoer'] }))
  expect((await created({ policies: ['y'], no_parent: true }, sudoer)).orphan).toBe(true)
  const answer = await sudoer('POST', 'auth/token/create', { policies: ['root'] })
  expect(answer.body.errors[0]).toMatch(/^root tokens may not be created/)
  const plain = as(await created({ policies: ['x'] }))
  expect((await plain('POST', 'auth/token/create', {})).status).toBe(403)
  expect((await maker('POST', 'auth/token/create-orphan', {})).status).toBe(403)
})

it('refuses what it does not build, and what makes no sense', async () => {
  for (const body of [
    { type: 'batch' },
    { type: 'x' },
    { id: 'mine' },
    { num_uses: -1 },
    { ttl: 'soon' },
    { ttl: -1 },
    { meta: 'x' },
    { policies: ['No Such Name!'] },
    { period: -5 },
  ]) {
    const answer = await root('POST', 'auth/token/create', body as never)
    expect([body, answer.status]).toEqual([body, 400])
  }
  const limited = as(await created({ num_uses: 3, policies: ['root'], ttl: '1h' }))
  expect((await limited('POST', 'auth/token/create', {})).status).toBe(400)
})

it('renews within its longest time, and periodic ones for ever', async () => {
  const auth = await created({ ttl: '10m', explicit_max_ttl: '15m', policies: ['default'] })
  const self = as(auth)
  server.advance(300_000)
  const renewed = await self('POST', 'auth/token/renew-self', { increment: '10m' })
  expect(renewed.body.auth).toMatchObject({
    client_token: auth.client_token,
    lease_duration: 600,
    renewable: true,
  })
  server.advance(300_000)
  const { body } = await root('POST', 'auth/token/renew-accessor', { accessor: auth.accessor })
  expect(body.auth).toMatchObject({ client_token: '', lease_duration: 300 })
  server.advance(300_000)
  expect((await self('GET', 'auth/token/lookup-self')).status).toBe(403)
  const endless = await created({ period: '1h', policies: ['default'] })
  for (let i = 0; i < 3; i++) {
    server.advance(3_000_000)
    const { auth: again } = (await as(endless)('PUT', 'auth/token/renew-self')).body
    expect(again.lease_duration).toBe(3_600)
  }
  const fixed = await created({ renewable: false, policies: ['default'], ttl: '1h' })
  const refused = await as(fixed)('POST', 'auth/token/renew-self')
  expect(refused.body.errors).toEqual(['lease is not renewable'])
})

it('revokes with all that was made, or leaves that behind', async () => {
  const [a, b] = [await created({ ttl: '1h' }), await created({ ttl: '1h' })]
  const [childOfA, childOfB] = [
    await created({ ttl: '1h' }, as(a)),
    await created({ ttl: '1h' }, as(b)),
  ].map(as)
  expect((await as(a)('POST', 'auth/token/revoke-self')).status).toBe(204)
  expect((await childOfA?.('GET', 'auth/token/lookup-self'))?.status).toBe(403)
  const path = 'auth/token/revoke-orphan'
  expect((await root('POST', path, { token: b.client_token })).status).toBe(204)
  expect((await childOfB?.('GET', 'auth/token/lookup-self'))?.body.data.orphan).toBe(true)
  expect((await root('POST', path, { token: b.client_token })).status).toBe(400)
  const c = await created({ ttl: '1h' })
  await root('POST', 'auth/token/revoke-accessor', { accessor: c.accessor })
  expect((await as(c)('GET', 'auth/token/lookup-self')).status).toBe(403)
})

it('makes tokens by a role', async () => {
  const role = {
    allowed_policies: 'x,y',
    allowed_policies_glob: ['team-*'],
    disallowed_policies: ['team-ops'],
    orphan: true,
    renewable: false,
    token_period: '1h',
    token_num_uses: 9,
  }
  expect((await root('POST', 'auth/token/roles/ci', role)).status).toBe(204)
  expect((await root('GET', 'auth/token/roles/ci')).body.data).toMatchObject({
    name: 'ci',
    allowed_policies: ['x', 'y'],
    allowed_policies_glob: ['team-*'],
    orphan: true,
    token_period: 3_600,
    token_type: 'default-service',
  })
  expect((await root('GET', 'auth/token/roles?list=true')).body.data.keys).toEqual(['ci'])
  const plain = await created({}, root, 'create/ci')
  expect(plain).toMatchObject({
    policies: ['default', 'x', 'y'],
    orphan: true,
    renewable: false,
    lease_duration: 3_600,
    num_uses: 9,
  })
  expect((await created({ policies: ['team-a'] }, root, 'create/ci')).policies).toContain('team-a')
  for (const name of ['z', 'team-ops', 'root']) {
    const answer = await root('POST', 'auth/token/create/ci', { policies: [name] })
    expect([name, answer.status]).toEqual([name, 400])
  }
  expect((await root('POST', 'auth/token/create/none', {})).body.errors[0]).toMatch(/unknown role/)
  expect((await root('DELETE', 'auth/token/roles/ci')).status).toBe(204)
  expect((await root('GET', 'auth/token/roles/ci')).status).toBe(404)
  expect((await root('GET', 'auth/token/roles?list=true')).status).toBe(404)
})

it('renews what a role made by that role only', async () => {
  await root('POST', 'auth/token/roles/passing', { token_period: '1h', path_suffix: 'night' })
  const made = await created({}, root, 'create/passing')
  const { data } = (await as(made)('GET', 'auth/token/lookup-self')).body
  expect(data).toMatchObject({ path: 'auth/token/create/passing/night', role: 'passing' })
  const renewals = async () => {
    const { client_token: token, accessor } = made
    const answers = [
      await as(made)('POST', 'auth/token/renew-self', {}),
      await root('POST', 'auth/token/renew', { token }),
      await root('POST', 'auth/token/renew-accessor', { accessor }),
    ]
    return answers.map(({ status }) => status)
  }
  expect(await renewals()).toEqual([200, 200, 200])
  await root('DELETE', 'auth/token/roles/passing')
  expect(await renewals()).toEqual([400, 400, 400])
  expect((await as(made)('GET', 'auth/token/lookup-self')).status).toBe(200)
})

it('shows a role under the older names what was given under them', async () => {
  const put = (body: Record<string, string>) => root('POST', 'auth/token/roles/old', body)
  const shown = async () => (await root('GET', 'auth/token/roles/old')).body.data
  await put({ period: '1h', explicit_max_ttl: '2h' })
  await put({ orphan: 'true' })
  expect(await shown()).toMatchObject({
    period: 3_600,
    token_period: 3_600,
    explicit_max_ttl: 7_200,
  })
  await put({ token_period: '2h', period: '3h' })
  await put({ token_bound_cidrs: '127.0.0.1/32,::1/128,10.0.0.0/8' })
  expect((await shown()).token_bound_cidrs).toEqual(['127.0.0.1', '::1', '10.0.0.0/8'])
  expect(await shown()).toMatchObject({ period: 0, token_period: 7_200, explicit_max_ttl: 7_200 })
})

it('takes a token that was made elsewhere, and makes tokens that are good elsewhere', async () => {
  const own = vaultClient(server.url, await server.token({ policies: ['auditor'] }))
  expect((await own('GET', 'auth/token/lookup-self')).body.data.policies).toEqual(['auditor'])
  const { client_token: token } = await created({ policies: ['root'] })
  expect((await server.platform.identities.authenticate(token, {}))?.grants).toEqual({
    policies: ['admin'],
    roles: [],
  })
  expect((await root('POST', 'auth/token/tidy')).status).toBe(202)
})
