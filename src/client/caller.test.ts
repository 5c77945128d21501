import { expect, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { refusalOf } from '../testing/refusal.ts'
import { connectCoffer } from './connect.ts'
import type { ConnectOptions } from './connect.ts'
import { fakeServer, hangUp, json, page, problem } from './test-fake.ts'
import type { FakeServer, Reply } from './test-fake.ts'

const TOKEN = 'coffer.CANARY-TOKEN'
const RECEIPT = { path: 'a/b', id: 'i', version: 1, revision: 1, written: false }

const VERSION = {
  path: 'a/b',
  id: 'i',
  version: 1,
  labels: ['current'],
  encoding: 'text',
  type: { name: 'string' },
  createdAt: 0,
  value: 'v',
}

const clientOf = ({ url }: { url: string }, more: Partial<ConnectOptions> = {}) =>
  connectCoffer({ address: url, token: TOKEN, ...more })

async function against<T>(
  replies: readonly Reply[],
  work: (coffer: ReturnType<typeof connectCoffer>, server: FakeServer) => Promise<T>,
  more: Partial<ConnectOptions> = {},
): Promise<T> {
  await using server = await fakeServer(replies)
  await using coffer = clientOf(server, more)
  return await work(coffer, server)
}

const busy = new CofferError('store_busy', 'Another process holds the store.')
const throttled = new CofferError('throttled', 'Too many requests.', {
  details: { retryAfterSeconds: 1 },
})

test('a read is asked again when it broke off, was too much or came too early', async () => {
  const replies = [hangUp, problem(busy), problem(throttled), json(VERSION)]
  await against(replies, async (coffer, { seen }) => {
    expect((await coffer.read({ path: 'a/b' }))?.secret.reveal()).toBe('v')
    expect(seen.map(({ url }) => url)).toEqual(Array(4).fill('/api/v1/secrets/a/b'))
  })
})

test('no more than so many times', async () => {
  await against([problem(busy)], async (coffer, { seen }) => {
    expect((await refusalOf(() => coffer.read({ path: 'a/b' }))).code).toBe('store_busy')
    expect(seen).toHaveLength(1 + LIMITS.clientRetriesMax)
  })
  const most = { address: 'https://a', retries: LIMITS.clientRetriesMax }
  expect(() => connectCoffer(most)).not.toThrow()
  expect(() => connectCoffer({ ...most, retries: LIMITS.clientRetriesMax + 1 })).toThrow(/retries/)
})

test('a write that is repeated carries the same token, and counts as written', async () => {
  await against([hangUp, json(RECEIPT)], async (coffer, { seen }) => {
    const receipt = await coffer.write('a/b', { value: 'v' })
    expect(receipt).toEqual({ ...RECEIPT, written: true })
    const [first, second] = seen.map(({ body }) => (JSON.parse(body) as { token: string }).token)
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).toBe(first)
  })
  await against([json(RECEIPT)], async (coffer) => {
    expect((await coffer.write('a/b', { value: 'v', token: 'mine' })).written).toBe(false)
  })
})

test('what may have been done is not done twice', async () => {
  const calls = {
    update: (c: ReturnType<typeof connectCoffer>) => c.update('a/b', { owner: 'x' }),
    delete: (c: ReturnType<typeof connectCoffer>) => c.delete('a/b'),
    createToken: (c: ReturnType<typeof connectCoffer>) => c.identities.createToken({}),
  }
  for (const [name, call] of Object.entries(calls)) {
    for (const reply of [hangUp, problem(busy)]) {
      await against([reply], async (coffer, { seen }) => {
        expect(['unavailable', 'store_busy']).toContain((await refusalOf(() => call(coffer))).code)
        expect(seen, name).toHaveLength(1)
      })
    }
    await against([problem(throttled), problem(busy)], async (coffer, { seen }) => {
      expect((await refusalOf(() => call(coffer))).code).toBe('store_busy')
      expect(seen, name).toHaveLength(2)
    })
  }
})

test('a pause that the server asks for is kept, and one too long is an error at once', async () => {
  await against([problem(throttled, { 'retry-after': '1' }), json(VERSION)], async (coffer) => {
    const startedMs = performance.now()
    await coffer.read({ path: 'a/b' })
    expect(performance.now() - startedMs).toBeGreaterThan(990)
  })
  await against([problem(throttled, { 'retry-after': '60' })], async (coffer, { seen }) => {
    const error = await refusalOf(() => coffer.read({ path: 'a/b' }))
    expect(error).toMatchObject({ code: 'throttled', details: { retryAfterSeconds: 1 } })
    expect(seen).toHaveLength(1)
  })
})

test('an error is the one that the server threw', async () => {
  const thrown = new CofferError('conflict', 'It changed.', {
    remedy: 'Read it.',
    details: { path: 'a/b', expected: 3, current: true, problems: ['x', 'y'] },
  })
  await against([problem(thrown)], async (coffer) => {
    const error = await refusalOf(() => coffer.update('a/b', {}))
    expect(error.toJSON()).toEqual(thrown.toJSON())
  })
})

test('absent is what the server says is absent, and nothing else', async () => {
  const absent = new CofferError('not_found', 'No.', { details: { absent: true } })
  const elsewhere = new CofferError('not_found', 'There is nothing at this address.')
  await against([problem(absent)], async (coffer) => {
    expect(await coffer.read({ path: 'a/b' })).toBeUndefined()
    expect(await coffer.describe('a/b')).toBeUndefined()
  })
  for (const reply of [problem(elsewhere), page(404), json({}), json({ ...VERSION, path: 'x' })]) {
    await against(
      [reply],
      async (coffer) => {
        const code = (await refusalOf(() => coffer.read({ path: 'a/b' }))).code
        expect(code).toBe('unavailable')
      },
      { retries: 0 },
    )
  }
})

test('a page, a redirection and a strange answer are unavailable, and are not quoted', async () => {
  const replies = [
    page(200),
    page(502),
    page(401),
    page(302, { location: 'https://elsewhere.example/CANARY-PAGE' }),
    json('CANARY-PAGE'),
    json({ items: 'CANARY-PAGE' }),
  ]
  for (const reply of replies) {
    await against(
      [reply],
      async (coffer, { seen }) => {
        const error = await refusalOf(() => coffer.list())
        expect(error.code).toBe('unavailable')
        const shown = JSON.stringify(error) + String(error) + String(error.stack)
        expect(shown).not.toContain('CANARY')
        expect(seen).toHaveLength(1)
      },
      { retries: 0 },
    )
  }
})

test('an answer in another protocol is unavailable at once, and is not waited for', async () => {
  const turn: Reply = (_, __, socket) =>
    void socket.write('HTTP/1.1 101 Other\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
  await against([turn], async (coffer) => {
    const error = await refusalOf(() => coffer.read({ path: 'a/b' }))
    expect(error).toMatchObject({ code: 'unavailable', details: { reason: 'HPE_UPGRADE' } })
  })
})

test('an answer is at most so large', async () => {
  const answerBytesMax = 1_000
  const sized = (bytes: number): Reply => {
    const around = JSON.stringify({ ...VERSION, value: '' }).length
    return json({ ...VERSION, value: 'v'.repeat(bytes - around) })
  }
  await against([sized(answerBytesMax)], (coffer) => coffer.read({ path: 'a/b' }), {
    answerBytesMax,
  })
  await against(
    [sized(answerBytesMax + 1)],
    async (coffer, { seen }) => {
      expect((await refusalOf(() => coffer.read({ path: 'a/b' }))).code).toBe('too_large')
      expect(seen).toHaveLength(1)
    },
    { answerBytesMax },
  )
  const past = { address: 'https://a', answerBytesMax: LIMITS.clientAnswerBytesMax + 1 }
  expect(() => connectCoffer(past)).toThrow(/answerBytesMax/)
})

test('an answer that does not come is a timeout, and closing cancels', async () => {
  expect(LIMITS.clientTimeoutMs).toBeGreaterThanOrEqual(30_000)
  const silent: Reply = () => {}
  const begun: Reply = (response) => void response.writeHead(200).write('{')
  for (const reply of [silent, begun]) {
    await against(
      [reply],
      async (coffer) => {
        const error = await refusalOf(() => coffer.read({ path: 'a/b' }))
        expect(error.code).toBe('timeout')
      },
      { timeoutMs: 60, retries: 0 },
    )
  }
  await against([silent], async (coffer) => {
    const waiting = refusalOf(() => coffer.read({ path: 'a/b' }))
    await coffer.close()
    expect((await waiting).code).toBe('cancelled')
    expect((await refusalOf(() => coffer.read({ path: 'a/b' }))).code).toBe('cancelled')
  })
})

test('no server is unavailable, with the address and without the token', async () => {
  const server = await fakeServer([json(VERSION)])
  await server[Symbol.asyncDispose]()
  await using coffer = clientOf(server, { retries: 1 })
  const error = await refusalOf(() => coffer.update('a/b', {}))
  expect(error.code).toBe('unavailable')
  expect(error.message).toContain(server.url)
  expect(JSON.stringify(error) + String(error.stack)).not.toContain('CANARY')
})

test('a token is sent as it is, or refused without being shown', async () => {
  await against(
    [json(VERSION)],
    async (coffer, { seen }) => {
      await coffer.read({ path: 'a/b' })
      expect(seen[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`)
    },
    { token: `${TOKEN}\n` },
  )
  const at = 't'.repeat(LIMITS.bearerCharsMax)
  await against([json(VERSION)], (coffer) => coffer.read({ path: 'a/b' }), { token: at })
  for (const token of ['', 'CANARY two', 'CANARY\r\nx: y', 'CANARYé', `${at}t`]) {
    await using server = await fakeServer([json(VERSION)])
    const error = await refusalOf(async () => clientOf(server, { token }).read({ path: 'a/b' }))
    expect(error.code).toBe('invalid_argument')
    expect(error.message).not.toContain('CANARY')
    expect(server.seen).toEqual([])
  }
})

test('a refused token is asked for anew, once', async () => {
  const refused = problem(new CofferError('unauthenticated', 'No.'))
  let brought = 0
  const token = async () => `token-${(brought += 1)}`
  await against(
    [refused, json(VERSION)],
    async (coffer, { seen }) => {
      await coffer.read({ path: 'a/b' })
      expect(seen.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer token-1',
        'Bearer token-2',
      ])
    },
    { token },
  )
  await against(
    [refused],
    async (coffer, { seen }) => {
      expect((await refusalOf(() => coffer.read({ path: 'a/b' }))).code).toBe('unauthenticated')
      expect(seen).toHaveLength(2)
    },
    { token },
  )
})

test('a login is done once for many calls, and again when its token is refused', async () => {
  let logins = 0
  const reply: Reply = (response, seen, socket) => {
    const record = { accessor: 'a', actor: 'approle:ci', ttlSeconds: 60 }
    if (seen.url === '/api/v1/login/approle') {
      expect(JSON.parse(seen.body)).toEqual({ roleId: 'role', secretId: 'secret' })
      return json({ token: `token-${(logins += 1)}`, record })(response, seen, socket)
    }
    const good = seen.headers.authorization === 'Bearer token-2' || logins === 1
    if (logins === 1 && seen.url.endsWith('/late')) {
      return problem(new CofferError('unauthenticated', 'No.'))(response, seen, socket)
    }
    expect(good).toBe(true)
    json({ ...VERSION, path: seen.url.slice('/api/v1/secrets/'.length) })(response, seen, socket)
  }
  const login = { roleId: 'role', secretId: async () => 'secret' }
  await using server = await fakeServer([reply])
  await using coffer = connectCoffer({ address: server.url, login })
  await Promise.all(['a', 'b', 'c'].map((path) => coffer.read({ path })))
  expect(logins).toBe(1)
  await coffer.read({ path: 'late' })
  await coffer.read({ path: 'a' })
  expect(logins).toBe(2)
})

test('a hundred reads at once share a few connections', async () => {
  const reply: Reply = (response, seen, socket) =>
    json({ ...VERSION, path: seen.url.slice('/api/v1/secrets/'.length) })(response, seen, socket)
  await against([reply], async (coffer) => {
    const paths = Array.from({ length: 100 }, (_, i) => `p${i}`)
    const found = await Promise.all(paths.map((path) => coffer.read({ path })))
    expect(found.map((version) => version?.path)).toEqual(paths)
  })
})
