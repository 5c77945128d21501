import { createHmac, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestIssuer } from '../../test/support/issuer.ts'
import type { TestIssuer } from '../../test/support/issuer.ts'
import { admin, newHome } from '../../test/support/platform.ts'
import { createJwtVerifier } from '../adapters/jwt/verifier.ts'
import { LIMITS } from '../core/limits.ts'
import type { JwtIssuer, JwtRoleInput } from '../core/ports/identities.ts'
import type { Platform } from '../core/ports/platform.ts'
import { refusalOf } from '../testing/refusal.ts'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startTestIssuer()
})
afterAll(() => issuer.close())

const times = () => {
  const now = Math.floor(Date.now() / 1_000)
  return { iat: now - 5, nbf: now - 5, exp: now + 300 }
}

async function trusting(
  role: Omit<JwtRoleInput, 'mount' | 'name'>,
  source: Partial<JwtIssuer> = { discoveryUrl: issuer.url },
): Promise<Platform> {
  const platform = await (await newHome()).open()
  const { identities } = admin(platform)
  await identities.putJwtIssuer({ mount: 'ci', defaultRole: 'deploy', ...source })
  await identities.putJwtRole({
    mount: 'ci',
    name: 'deploy',
    ...role,
    token: { policies: ['auditor'], ttlSeconds: 900, ...role.token },
  })
  return platform
}

const login = (platform: Platform, jwt: string, role?: string) =>
  platform.identities.loginJwt({ mount: 'ci', role, jwt }, { address: '10.1.2.3', via: 'test' })

const refused = async (platform: Platform, jwt: string, role?: string): Promise<string> =>
  (await refusalOf(() => login(platform, jwt, role))).code

/** What real platforms put into their JWTs, and what is bound of it. */
const PLATFORMS: Readonly<Record<string, Case>> = {
  'GitHub Actions': {
    claims: {
      aud: 'https://coffer.example',
      sub: 'repo:shop/api:environment:production',
      repository: 'shop/api',
      repository_owner: 'shop',
      ref: 'refs/heads/main',
      ref_protected: 'true',
      environment: 'production',
      job_workflow_ref: 'shop/api/.github/workflows/deploy.yml@refs/heads/main',
      run_id: '1234567890',
      actor: 'alice',
    },
    role: {
      boundAudiences: ['https://coffer.example'],
      boundClaims: { repository: 'shop/api', environment: ['production', 'staging'] },
      claimMappings: { run_id: 'run', actor: 'person' },
    },
    actor: 'jwt:ci/repo:shop/api:environment:production',
    metadata: { role: 'deploy', run: '1234567890', person: 'alice' },
    other: { repository: 'mallory/api' },
  },
  GitLab: {
    claims: {
      aud: ['https://coffer.example'],
      sub: 'project_path:shop/api:ref_type:branch:ref:main',
      project_path: 'shop/api',
      namespace_path: 'shop',
      project_id: '22',
      ref: 'main',
      ref_type: 'branch',
      ref_protected: 'true',
      pipeline_source: 'push',
      user_login: 'alice',
    },
    role: {
      boundAudiences: ['https://coffer.example'],
      boundClaimsType: 'glob',
      boundClaims: { project_path: 'shop/*', ref_protected: 'true' },
      userClaim: 'user_login',
    },
    actor: 'jwt:ci/alice',
    metadata: { role: 'deploy' },
    other: { ref_protected: 'false' },
  },
  Vercel: {
    claims: {
      aud: 'https://vercel.com/shop',
      sub: 'owner:shop:project:web:environment:production',
      scope: 'owner:shop:project:web:environment:production',
      owner: 'shop',
      owner_id: 'team_1',
      project: 'web',
      project_id: 'prj_1',
      environment: 'production',
    },
    role: {
      boundAudiences: ['https://vercel.com/shop'],
      boundSubject: 'owner:shop:project:web:environment:production',
    },
    actor: 'jwt:ci/owner:shop:project:web:environment:production',
    metadata: { role: 'deploy' },
    other: { sub: 'owner:shop:project:web:environment:preview' },
  },
}

interface Case {
  readonly claims: Readonly<Record<string, unknown>>
  readonly role: Omit<JwtRoleInput, 'mount' | 'name'>
  readonly actor: string
  readonly metadata: Readonly<Record<string, string>>
  /** One claim that makes it somebody else. */
  readonly other: Readonly<Record<string, string>>
}

test.each(Object.entries(PLATFORMS))('%s logs in, as its role binds it', async (_, one) => {
  const platform = await trusting(one.role)
  const claims = { ...times(), iss: issuer.url, ...one.claims }
  const { token, record } = await login(platform, await issuer.sign(claims))
  expect(record).toMatchObject({
    actor: one.actor,
    grants: { policies: ['auditor'], roles: [] },
    ttlSeconds: 900,
    metadata: one.metadata,
    path: 'auth/ci/login',
  })
  expect(await platform.identities.authenticate(token.reveal(), {})).toBeDefined()
  expect(await refused(platform, await issuer.sign({ ...claims, ...one.other }))).toBe(
    'unauthenticated',
  )
  expect(await refused(platform, await issuer.sign({ ...claims, aud: ['else'] }))).toBe(
    'unauthenticated',
  )
  expect(await refused(platform, await issuer.sign({ ...claims, iss: 'https://else' }))).toBe(
    'unauthenticated',
  )
  expect(await refused(platform, await issuer.sign({ ...claims, exp: times().iat - 100 }))).toBe(
    'unauthenticated',
  )
  expect(await refused(platform, await issuer.sign(claims), 'other')).toBe('unauthenticated')
  const trail = await admin(platform).audit.query({ action: 'login' })
  expect(trail.map((e) => e.outcome)).toEqual(['allowed', ...Array<string>(5).fill('denied')])
  expect(trail[0]).toMatchObject({
    actor: one.actor,
    resource: 'jwt:ci/deploy',
    address: '10.1.2.3',
  })
})

test('a forged JWT is refused, however it was forged', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const platform = await trusting({ boundSubject: 'me' }, { publicKeys: [pem] })
  const claims = { ...times(), sub: 'me' }
  const good = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(privateKey)
  await login(platform, good)
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const text = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const hmac = (alg: string) => {
    const signed = `${text({ alg })}.${payload}`
    return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`
  }
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const forged = [
    `${text({ alg: 'none' })}.${payload}.`,
    `${text({ alg: 'none' })}.${payload}.${signature}`,
    hmac('HS256'),
    `${header}.${text({ ...claims, sub: 'you' })}.${signature}`,
    `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${text({ alg: 'RS256', crit: ['x'], x: 1 })}.${payload}.${signature}`,
    await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(other),
    await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) })
      .sign(other),
    '',
    'not.a.jwt',
    'x'.repeat(LIMITS.jwtCharsMax + 1),
  ]
  for (const jwt of forged) {
    const error = await refusalOf(() => login(platform, jwt))
    expect(error.code, jwt.slice(0, 80)).toBe('unauthenticated')
    expect(error.message).toBe('The JWT is not valid for this role.')
    expect(error.cause).toBeUndefined()
  }
})

test('only the algorithms that an issuer is trusted with are taken', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const platform = await trusting(
    { boundSubject: 'me' },
    { publicKeys: [pem], algorithms: ['PS256'] },
  )
  const sign = (alg: string) =>
    new SignJWT({ ...times(), sub: 'me' }).setProtectedHeader({ alg }).sign(privateKey)
  await login(platform, await sign('PS256'))
  expect(await refused(platform, await sign('RS256'))).toBe('unauthenticated')
})

test('keys are kept, and asked for again when one is unknown, but not again and again', async () => {
  const own = await startTestIssuer('ES256')
  try {
    let now = Date.now()
    const home = await newHome()
    const platform = await home.open({ clock: () => now })
    const { identities } = admin(platform)
    await identities.putJwtIssuer({ mount: 'ci', jwksUrl: `${own.url}/keys`, defaultRole: 'r' })
    await identities.putJwtRole({ mount: 'ci', name: 'r', boundSubject: 'me' })
    const claims = { ...times(), sub: 'me' }
    const old = await own.sign(claims)
    for (let i = 0; i < 5; i++) await login(platform, old)
    expect(own.asked).toEqual(['/keys'])
    await own.rotate()
    const next = await own.sign(claims)
    expect(await refused(platform, next)).toBe('unauthenticated')
    expect(own.asked.length).toBe(1)
    now += 31_000
    await login(platform, next)
    expect(own.asked.length).toBe(2)
    expect(await refused(platform, old)).toBe('unauthenticated')
    own.answer(500, 'down')
    await login(platform, next)
    now += 601_000
    expect(await refused(platform, next)).toBe('unavailable')
  } finally {
    await own.close()
  }
})

test('an issuer that gives no keys is unavailable, and nobody is let in', async () => {
  const own = await startTestIssuer()
  try {
    const platform = await trusting({ boundSubject: 'me' }, { discoveryUrl: own.url })
    const jwt = await own.sign({ ...times(), sub: 'me', iss: own.url })
    const answers: readonly (readonly [number, string, Record<string, string>?])[] = [
      [404, '{}'],
      [200, 'not json'],
      [200, '{}'],
      [200, '[]'],
      [302, '', { location: `${issuer.url}/keys` }],
      [200, JSON.stringify({ keys: [], x: 'x'.repeat(LIMITS.jwksBytesMax) })],
    ]
    for (const answer of answers) {
      own.answer(...answer)
      expect(await refused(platform, jwt), `${answer[0]}`).toBe('unavailable')
    }
    own.answer(200, JSON.stringify({ keys: [] }).padEnd(LIMITS.jwksBytesMax))
    expect(await refused(platform, jwt)).toBe('unauthenticated')
    const trail = await admin(platform).audit.query({ action: 'login' })
    expect(trail.map((e) => e.code)).toEqual([
      ...answers.map(() => 'unavailable'),
      'unauthenticated',
    ])
  } finally {
    await own.close()
  }
})

test('an issuer that does not answer is unavailable within the limit', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  expect(LIMITS.jwksTimeoutMs).toBeLessThanOrEqual(5_000)
  const verifier = createJwtVerifier({ now: Date.now, timeoutMs: 50 })
  const jwt = await issuer.sign({ ...times(), sub: 'me' })
  const source = { mount: 'ci', jwksUrl: `http://127.0.0.1:${port}/` }
  expect((await refusalOf(() => verifier.verify(jwt, source))).code).toBe('unavailable')
  silent.close()
})

test('an issuer that changes to another protocol is unavailable at once, and holds up no login', async () => {
  const turning = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    )
  })
  await new Promise<void>((done) => turning.listen(0, '127.0.0.1', done))
  const { port } = turning.address() as AddressInfo
  const verifier = createJwtVerifier({ now: Date.now, timeoutMs: 2_000 })
  const jwt = await issuer.sign({ ...times(), sub: 'me' })
  const source = { mount: 'ci', jwksUrl: `http://127.0.0.1:${port}/` }
  expect((await refusalOf(() => verifier.verify(jwt, source))).code).toBe('unavailable')
  turning.close()
})

test('the name of a user becomes an actor that a log can hold', async () => {
  const platform = await trusting({ boundAudiences: ['us'] })
  const actorFor = async (sub: string) => {
    const jwt = await issuer.sign({ ...times(), iss: issuer.url, aud: 'us', sub })
    return (await login(platform, jwt)).record.actor
  }
  expect(await actorFor('a b\n%')).toBe('jwt:ci/a%20b%0A%25')
  const [one, other] = [
    await actorFor(`${'x'.repeat(300)}1`),
    await actorFor(`${'x'.repeat(300)}2`),
  ]
  expect(one).toHaveLength(LIMITS.actorCharsMax)
  expect(one).not.toBe(other)
  const nobody = await issuer.sign({ ...times(), iss: issuer.url, aud: 'us' })
  expect(await refused(platform, nobody)).toBe('unauthenticated')
})
