import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { fakeServer, hangUp, json, page } from '../../../client/test-fake.ts'
import type { FakeServer, Reply } from '../../../client/test-fake.ts'
import { LIMITS } from '../../../core/limits.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { askService, testDir } from '../test-service.ts'
import { openVault } from './service.ts'

/** What no good server answers, and what a good one leads to: from a fake, said as its API says it. */

const MOUNT = json({ data: { path: 'secret/', type: 'kv', options: { version: '2' } } })
const CANARY = 'canary-of-the-vault'

const open = ({ url }: FakeServer) =>
  openVault({ env: { VAULT_ADDR: url, VAULT_TOKEN: 'hvs.any' }, options: {} }, 500)

/** After the mount was found, the place answers so. */
async function withFake(
  replies: readonly Reply[],
  work: (ask: (key: string) => Promise<unknown>, server: FakeServer) => Promise<void>,
): Promise<void> {
  await using fake = await fakeServer(replies)
  const service = await open(fake)
  await work((key) => askService(service, key), fake)
  await service.close?.()
}

const errors = (status: number, ...messages: string[]) => json({ errors: messages }, status)

test.each<readonly [string, Reply, object]>([
  ['400', errors(400, CANARY), { code: 'invalid_reference' }],
  ['404 of a proxy', page(404), { code: 'unavailable' }],
  ['404 of a gateway', json({ message: 'no Route' }, 404), { code: 'unavailable' }],
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
  await withFake([denied, errors(404), json({ data: { a: '1' } })], async (ask, fake) => {
    expect(await ask('team/kv/x')).toBe('{"a":"1"}')
    expect(fake.seen.map(({ url }) => url)).toEqual([
      '/v1/sys/internal/ui/mounts/team/kv/x',
      '/v1/team/data/kv/x',
      '/v1/team/kv/x',
    ])
  })
  await withFake([denied], async (ask) => {
    expect(await ask('team/x')).toMatchObject({ code: 'denied' })
  })
})

test('whether a refusal is of the token or of its policy is asked only where it does not say so', async () => {
  const asked = async (...replies: Reply[]) => {
    let answer: unknown
    let calls = 0
    await withFake(replies, async (ask, fake) => {
      answer = await ask('team/x')
      calls = fake.seen.length
    })
    return [answer, calls] as const
  }
  const words = (...messages: string[]) => errors(403, ...messages)
  const both = '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'
  expect(await asked(words(both))).toMatchObject([{ code: 'unauthenticated' }, 1])
  expect(await asked(words('permission denied'))).toMatchObject([{ code: 'unauthenticated' }, 2])
  const known = [words('permission denied'), json({ data: {} }), words('permission denied')]
  expect(await asked(...known)).toMatchObject([{ code: 'denied' }, 4])
  const hidden = words('1 error occurred:\n\t* permission denied\n\n')
  expect(await asked(words('permission denied'), hidden)).toMatchObject([{ code: 'denied' }, 4])
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
  const service = await open(fake)
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

/** Logs in as a pod does, with tokens t1, t2, … of so long a life. */
async function withLogins(
  seconds: number,
  refused: (token: unknown) => boolean,
  work: (ask: (key: string) => Promise<unknown>, logins: () => number) => Promise<void>,
): Promise<void> {
  let logins = 0
  const answer: Reply = (response, seen, socket) => {
    const token = seen.headers['x-vault-token']
    const login = () => json({ auth: { client_token: `t${++logins}`, lease_duration: seconds } })
    const reply =
      seen.url === '/v1/auth/team/kubernetes/login'
        ? login()
        : refused(token)
          ? errors(403, 'permission denied')
          : seen.url.includes('/mounts/')
            ? MOUNT
            : json({ data: { data: { token }, metadata: { version: 1 } } })
    reply(response, seen, socket)
  }
  await using fake = await fakeServer([answer])
  await using state = await testDir()
  const jwtFile = path.join(state.dir, 'jwt')
  await writeFile(jwtFile, 'a.b.c')
  const options = { auth: 'kubernetes', authMount: 'team/kubernetes', role: 'api', jwtFile }
  const service = await openVault({ env: { VAULT_ADDR: fake.url }, options }, 500)
  await work(
    (key) => askService(service, key),
    () => logins,
  )
  expect(fake.seen.find(({ url }) => url.endsWith('/login'))?.body).toBe(
    '{"role":"api","jwt":"a.b.c"}',
  )
}

test('many wait for one login; a token that is refused is followed by one more, and no further', async () => {
  let bad = ['t1']
  const refused = (token: unknown) => bad.includes(String(token))
  await withLogins(3_600, refused, async (ask, logins) => {
    expect(await ask('secret/a')).toBe('{"token":"t2"}')
    await Promise.all(['b', 'c', 'd'].map((name) => ask(`secret/${name}`)))
    expect(logins()).toBe(2)
    bad = ['t2', 't3']
    expect(await ask('secret/a')).toMatchObject({ code: 'unauthenticated' })
    expect(logins()).toBe(3)
    expect(await ask('secret/a')).toBe('{"token":"t4"}')
  })
})

test('a token is used for four fifths of its life, and no longer', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  await withLogins(
    1_000,
    () => false,
    async (ask) => {
      expect(await ask('secret/a')).toBe('{"token":"t1"}')
      vi.advanceTimersByTime(799_999)
      expect(await ask('secret/a')).toBe('{"token":"t1"}')
      vi.advanceTimersByTime(1)
      expect(await ask('secret/a')).toBe('{"token":"t2"}')
    },
  )
})

test('whatever a place answers is a value or an error of ours; absence is a 404 alone', async () => {
  const bytes = seededRandom('answers of vault')
  const upTo = (most: number) => bytes(1)[0]! % most
  const pick = <T>(from: readonly T[]): T => from[upTo(from.length)]!
  const leaf = () => pick<unknown>([null, true, 0, -1, 1e300, '', CANARY, [], {}])
  const NAMES = ['data', 'metadata', 'version', 'errors', 'destroyed', 'auth', '__proto__', 'a']
  const document = (depth: number): unknown =>
    depth === 0
      ? leaf()
      : Object.fromEntries(NAMES.filter(() => upTo(2) === 1).map((n) => [n, document(depth - 1)]))
  let status = 200
  let body = ''
  const odd: Reply = (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  await withFake([MOUNT, odd], async (ask) => {
    for (let i = 0; i < 300; i++) {
      status = pick([200, 200, 404, 403, 500, 204])
      body = JSON.stringify(document(upTo(4))).slice(0, pick([9_999, 9_999, 5]))
      const told = await ask('secret/x')
      if (told === undefined)
        expect([status, body]).toEqual([404, expect.stringContaining('errors')])
      else if (typeof told === 'string')
        expect([status, JSON.parse(told)]).toEqual([200, expect.any(Object)])
      else expect(JSON.stringify(told)).not.toContain(CANARY)
    }
  })
})
