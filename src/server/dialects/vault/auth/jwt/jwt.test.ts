import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestServer } from '../../../../test-server.ts'
import { startTestServer } from '../../../../test-server.ts'
import type { Send } from '../../test-client.ts'
import { vaultClient } from '../../test-client.ts'

let server: TestServer
let root: Send
let stranger: Send

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const PEM = publicKey.export({ type: 'spki', format: 'pem' })

beforeAll(async () => {
  server = await startTestServer()
  root = vaultClient(server.url, server.adminToken)
  stranger = vaultClient(server.url)
})
afterAll(() => server.close())

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(server.now() / 1_000)
  const body = { iss: 'me', sub: 'job', aud: 'coffer', iat: now, exp: now + 300, ...claims }
  const text = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(body)}`
  const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}
const login = (token: string, role?: string) =>
  stranger('POST', 'auth/jwt/login', { jwt: token, ...(role === undefined ? {} : { role }) })

it('has nothing configured at first', async () => {
  expect((await root('GET', 'auth/jwt/config')).status).toBe(404)
  expect((await root('GET', 'auth/jwt/role?list=true')).status).toBe(404)
  expect((await login(jwt({}), 'ci')).status).toBe(400)
})

it('is configured with keys, and takes roles', async () => {
  const config = { jwt_validation_pubkeys: [PEM], bound_issuer: 'me', default_role: 'ci' }
  expect((await root('POST', 'auth/jwt/config', config)).status).toBe(204)
  expect((await root('GET', 'auth/jwt/config')).body.data).toMatchObject({
    ...config,
    jwks_url: '',
    oidc_discovery_url: '',
  })
  const role = {
    role_type: 'jwt',
    user_claim: 'sub',
    bound_audiences: 'coffer',
    bound_claims: { ref: ['refs/heads/main'] },
    claim_mappings: { ref: 'branch' },
    token_policies: ['deploy'],
    token_ttl: '5m',
  }
  expect((await root('POST', 'auth/jwt/role/ci', role)).status).toBe(204)
  expect((await root('GET', 'auth/jwt/role/ci')).body.data).toMatchObject({
    ...role,
    bound_audiences: ['coffer'],
    token_ttl: 300,
    bound_claims_type: 'string',
  })
  expect((await root('GET', 'auth/jwt/role?list=true')).body.data.keys).toEqual(['ci'])
})

it('logs in who fits, by the named role and by the default one', async () => {
  const good = jwt({ ref: 'refs/heads/main' })
  for (const role of ['ci', 'CI', undefined]) {
    const { auth } = (await login(good, role)).body
    expect(auth).toMatchObject({
      policies: ['default', 'deploy'],
      metadata: { role: 'ci', branch: 'refs/heads/main' },
      lease_duration: 300,
      orphan: true,
    })
  }
})

it('renews nothing of a role that is gone, whatever a claim is called', async () => {
  const role = { user_claim: 'sub', bound_audiences: 'coffer', token_period: '1h' }
  const claim_mappings = { team: 'role' }
  await root('POST', 'auth/jwt/role/gone', { ...role, role_type: 'jwt', claim_mappings })
  const { auth } = (await login(jwt({ team: 'ci' }), 'gone')).body
  expect(auth.metadata).toEqual({ role: 'gone' })
  const own = vaultClient(server.url, auth.client_token)
  const renew = async () => (await own('POST', 'auth/token/renew-self', {})).status
  expect(await renew()).toBe(200)
  await root('DELETE', 'auth/jwt/role/gone')
  expect(await renew()).toBe(400)
})

it('refuses everybody else alike', async () => {
  const ref = 'refs/heads/main'
  for (const token of [
    jwt({ ref: 'refs/heads/other' }),
    jwt({ ref, aud: 'else' }),
    jwt({ ref, iss: 'you' }),
    jwt({ ref, exp: 1 }),
    `${jwt({ ref })}x`,
    'not.a.jwt',
  ]) {
    expect(await login(token, 'ci')).toEqual({
      status: 400,
      body: { errors: ['error validating token'] },
    })
  }
  expect((await login(jwt({ ref }), 'none')).status).toBe(400)
  expect((await stranger('POST', 'auth/jwt/login', {})).body.errors).toEqual(['missing token'])
})

it('refuses what it does not build', async () => {
  for (const body of [
    { role_type: 'oidc', user_claim: 'sub', bound_audiences: 'x' },
    { bound_audiences: 'x' },
    { user_claim: 'sub' },
    { user_claim: 'sub', bound_audiences: 'x', groups_claim: 'groups' },
    { user_claim: 'sub', bound_audiences: 'x', bound_claims_type: 'regex' },
  ]) {
    const answer = await root('POST', 'auth/jwt/role/odd', body as never)
    expect([body, answer.status]).toEqual([body, 400])
  }
  for (const body of [{}, { jwks_url: 'http://example.org' }, { oidc_client_id: 'x' }]) {
    expect((await root('POST', 'auth/jwt/config', body as never)).status).toBe(400)
  }
  expect((await root('POST', 'auth/jwt/oidc/auth_url', {})).status).toBe(404)
  expect((await root('DELETE', 'auth/jwt/role/ci')).status).toBe(204)
  expect((await root('GET', 'auth/jwt/role/ci')).status).toBe(404)
})
