import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import { createApp } from './app.ts'
import type { RequestFacts } from './observe.ts'
import type { Guard, Server } from './server.ts'
import { ADMIN, counting, startTestServer } from './test-server.ts'
import type { TestServer } from './test-server.ts'
import { answersIn, rawConnection } from './test-socket.ts'

/**
 * A read is answered in two ways: directly, and by its route. Here both are asked the same, and must
 * say, count and audit the same. An empty query changes nothing, and sends a request to the route.
 */

let served: TestServer
let app: FastifyInstance
let port = 0
let admin: Coffer
const facts: RequestFacts[] = []
let throughFastify = 0
let trouble: Partial<Guard> = {}
let gate: Partial<Server['gate']> = {}

const tokens: Record<string, string> = {}

beforeAll(async () => {
  served = await startTestServer()
  const { guard, gate: own } = served.server
  const server: Server = {
    ...served.server,
    guard: {
      ...guard,
      admitAddress: (address) => (trouble.admitAddress ?? guard.admitAddress)(address),
      admit: (actor, operation) => (trouble.admit ?? guard.admit)(actor, operation),
      refused: (...given) => (trouble.refused ?? guard.refused)(...given),
    },
    gate: { ...own, platform: () => (gate.platform ?? own.platform)() },
  }
  app = await createApp(server, {
    watchers: [{ began() {}, ended: (seen) => void facts.push(seen) }],
    observers: [counting(() => void throughFastify++)],
  })
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  admin = served.platform.as(ADMIN)
  await secrets()
  tokens['admin'] = served.adminToken
  await admin.access.putPolicy({
    name: 'some',
    rules: [{ effect: 'allow', actions: ['read'], paths: ['app/**'] }],
  })
  tokens['some'] = await served.token({ policies: ['some'] })
  tokens['nothing'] = await served.token({ policies: [] })
  tokens['elsewhere'] = await served.token({ policies: ['some'], boundCidrs: ['10.0.0.0/8'] })
  tokens['twice'] = await served.token({ policies: ['some'], uses: 2 })
  tokens['short'] = await served.token({ policies: ['some'], ttlSeconds: 60 })
})

async function secrets(): Promise<void> {
  await admin.write('app/text', { value: 'hello', tags: { a: 'b' } })
  await admin.write('app/umlaut', { value: 'grüße \u2028 "x" \\ 🔑' })
  await admin.write('app/bytes', { value: new Uint8Array([0, 1, 255]) })
  await admin.write('app/json', { value: { n: 1, deep: ['x'] } })
  await admin.write('app/number', { value: '17', type: { name: 'number', min: 1 } })
  await admin.write('app/until', { value: 'x', expiresAt: served.now() + 3_600_000 })
  await admin.write('app/gone', { value: 'x', expiresAt: served.now() + 1_000 })
  await admin.write('app/later', { value: 'x', notBefore: served.now() + 9_000_000 })
  await admin.write('app/deleted', { value: 'x' })
  await admin.delete('app/deleted')
  await admin.write('app/destroyed', { value: 'x' })
  await admin.destroy('app/destroyed', [1])
  await admin.update('app/empty', { description: 'no version' }, { ifRevision: 0 })
  await admin.write('app/forbidden', { value: 'x' })
  const policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' }],
  }
  await admin.update('app/forbidden', { dialects: { aws: { policy: JSON.stringify(policy) } } })
  served.advance(2_000)
}

afterAll(async () => {
  await app.close()
  await served.close()
})

beforeEach(() => {
  trouble = {}
  gate = {}
  facts.length = 0
})

interface Said {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: string
  readonly facts: object
  readonly events: readonly object[]
}

interface Asked {
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE'
}

/** What differs from one request to the next. */
const OF_THE_MOMENT = new Set(['date'])

async function told(answer: {
  status: number
  headers: Iterable<[string, unknown]>
  body: string
}) {
  await expect.poll(() => facts.length).toBe(1)
  const { request, ms: _, ...seen } = facts.splice(0)[0] ?? ({} as RequestFacts)
  const entries = await admin.audit.query({ limit: 20 })
  const events = entries
    .filter((entry) => entry.request === request)
    .map(({ seq: _seq, prev: _prev, at: _at, request: _request, ...event }) => event)
  const headers = [...answer.headers].filter(([name]) => !OF_THE_MOMENT.has(name))
  return {
    status: answer.status,
    headers: Object.fromEntries(headers),
    body: answer.body.replaceAll(request, 'REQUEST'),
    facts: seen,
    events,
  }
}

async function ask({ path, headers = {}, method = 'GET' }: Asked): Promise<Said> {
  const connection = await rawConnection(port)
  const lines = Object.entries({ host: 'localhost', ...headers, connection: 'close' })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  await connection.say(`${method} ${path} HTTP/1.1\r\n${head}\r\n`)
  const [answer] = answersIn(await connection.heard())
  const { status = 0, headers: text = '', body = '' } = answer ?? {}
  const parsed = text
    .split('\r\n')
    .slice(1)
    .map((line): [string, string] => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)]
    })
  return told({ status, body: Buffer.from(body, 'latin1').toString(), headers: parsed })
}

const secret = (path: string) => `/api/v1/secrets/${path}`
const as = (name: string): Record<string, string> => ({ authorization: `Bearer ${tokens[name]}` })

/** What both ways say. */
async function same(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Said> {
  const before = throughFastify
  const direct = await ask({ path, headers })
  expect(throughFastify).toBe(before)
  const route = await ask({ path: `${path}?`, headers })
  expect(throughFastify).toBe(before + 1)
  expect(direct).toEqual(route)
  return direct
}

describe('a read that is answered directly is answered as by its route', () => {
  const reads: [string, string, number, string][] = [
    ['text', 'app/text', 200, 'admin'],
    ['text beyond ASCII', 'app/umlaut', 200, 'some'],
    ['bytes', 'app/bytes', 200, 'some'],
    ['a document', 'app/json', 200, 'some'],
    ['a value that its type checks', 'app/number', 200, 'some'],
    ['one that will expire', 'app/until', 200, 'some'],
    ['one that has expired', 'app/gone', 403, 'some'],
    ['one that is not valid yet', 'app/later', 403, 'some'],
    ['one that was deleted', 'app/deleted', 409, 'some'],
    ['one that was destroyed', 'app/destroyed', 410, 'some'],
    ['one without a version', 'app/empty', 404, 'some'],
    ['one that never was', 'app/none', 404, 'some'],
    ['one that its resource policy refuses', 'app/forbidden', 403, 'some'],
    ['another path than is allowed', 'other/x', 403, 'some'],
    ['one without any right', 'app/text', 403, 'nothing'],
    ['by a token bound to another network', 'app/text', 401, 'elsewhere'],
    ['by a token that is no token', 'app/text', 401, 'unknown'],
    ['a path with an empty segment', 'app//text', 400, 'admin'],
    ['a path with a dot segment', 'app/../text', 400, 'admin'],
    ['a path that ends in a slash', 'app/', 400, 'admin'],
  ]
  test.each(reads)('%s', async (_what, path, status, who) => {
    const said = await same(secret(path), as(who))
    expect([status, said.body]).toEqual([said.status, said.body])
  })

  test('without a credential, and with what is none', async () => {
    for (const authorization of ['', 'Bearer', 'Bearer a b', 'Basic YTpi', 'bearer x']) {
      const said = await same(secret('app/text'), { authorization })
      expect(said.status).toBe(401)
    }
    expect((await same(secret('app/text'))).status).toBe(401)
  })

  test('a token that is used up, and one that expired', async () => {
    const twice = { path: secret('app/text'), headers: as('twice') }
    const [first, last] = [await ask(twice), await ask({ ...twice, path: `${twice.path}?` })]
    expect([first.status, last.status]).toEqual([200, 200])
    expect([first.body, first.facts]).toEqual([last.body, last.facts])
    expect((await same(twice.path, twice.headers)).status).toBe(401)
    served.advance(60_000)
    expect((await same(secret('app/text'), as('short'))).status).toBe(401)
  })

  const slow = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const throttled = () =>
    new CofferError('throttled', 'Too much.', { details: { retryAfterSeconds: 7 } })
  const limits: [string, Partial<Guard>, number][] = [
    ['of the address, at once', { admitAddress: () => refuse(throttled()) }, 429],
    ['of the address, later', { admitAddress: () => slow().then(() => refuse(throttled())) }, 429],
    ['of the actor, at once', { admit: () => refuse(throttled()) }, 429],
    ['of the actor, later', { admit: () => slow().then(() => refuse(throttled())) }, 429],
    ['that are waited for and passed', { admitAddress: slow, admit: slow }, 200],
  ]
  test.each(limits)('limits %s', async (_what, given, status) => {
    trouble = given
    expect((await same(secret('app/text'), as('some'))).status).toBe(status)
  })

  test('too many refused credentials, a sealed store, and what nobody expected', async () => {
    trouble = { refused: () => throttled() }
    expect((await same(secret('app/text'), as('unknown'))).status).toBe(429)
    trouble = {}
    const failures = [new CofferError('sealed', 'Sealed.'), new Error('as planned')]
    for (const failure of failures) {
      gate = { platform: () => refuse(failure) }
      const said = await same(secret('app/text'), as('some'))
      expect([503, 500]).toContain(said.status)
      expect(said.body).not.toContain('as planned')
    }
  })
})

const refuse = (error: Error): never => {
  throw error
}

describe('whatever is not plainly a read is left to the routes', () => {
  const others: [string, Asked, number][] = [
    ['a query', { path: secret('app/text?version=1'), headers: {} }, 200],
    ['an empty query', { path: secret('app/text?'), headers: {} }, 200],
    ['an unknown query', { path: secret('app/text?x=1'), headers: {} }, 400],
    ['a path to be decoded', { path: secret('app/%74ext'), headers: {} }, 200],
    ['a path with other letters', { path: secret('app/te+xt'), headers: {} }, 404],
    ['a path that begins with a slash', { path: secret('/app/text'), headers: {} }, 200],
    ['a very long path', { path: secret(`a/${'x'.repeat(511)}`), headers: {} }, 413],
    ['no path', { path: '/api/v1/secrets/', headers: {} }, 400],
    ['another address', { path: '/api/v1/list', headers: {} }, 200],
    ['another method', { path: secret('app/text'), method: 'HEAD', headers: {} }, 405],
    ['a body', { path: secret('app/text'), headers: { 'content-length': '0' } }, 200],
  ]
  test.each(others)('%s', async (_what, asked, status) => {
    const before = throughFastify
    const said = await ask({ ...asked, headers: { ...asked.headers, ...as('admin') } })
    expect([status, said.body]).toEqual([said.status, said.body])
    expect(throughFastify).toBe(before + 1)
  })

  test('two credentials or two hosts are one request too many', async () => {
    for (const twice of [`Authorization: Bearer ${tokens['admin']}`, 'Host: other']) {
      const connection = await rawConnection(port)
      const own = `Host: a\r\nAuthorization: Bearer ${tokens['admin']}\r\n`
      await connection.say(`GET ${secret('app/text')} HTTP/1.1\r\n${own}${twice}\r\n\r\n`)
      expect(answersIn(await connection.heard())[0]?.status).toBe(400)
    }
  })

  test('everything that may come through a proxy', async () => {
    const { server } = served
    const seen: string[] = []
    const options = { ...server.options, trustedProxies: ['127.0.0.1'] }
    const behind = await createApp(
      { ...server, options },
      { watchers: [{ began() {}, ended: ({ address }) => void seen.push(address) }] },
    )
    const url = await behind.listen({ host: '127.0.0.1', port: 0 })
    const headers = { ...as('some'), 'x-forwarded-for': '203.0.113.7' }
    expect((await fetch(`${url}${secret('app/text')}`, { headers })).status).toBe(200)
    await behind.close()
    expect(seen).toEqual(['203.0.113.7'])
  })

  test('everything, once the server ends', async () => {
    const ending = await startTestServer()
    const url = `${ending.url}${secret('a')}`
    expect((await fetch(url)).status).toBe(401)
    await ending.close()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})

test('answers keep the order of their requests, and a client that goes away harms nobody', async () => {
  const connection = await rawConnection(port)
  const one = (path: string, last = false) =>
    `GET ${secret(path)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens['admin']}\r\n${last ? 'Connection: close\r\n' : ''}\r\n`
  await connection.say(
    one('app/text') + one('app/none') + one('app/te%78t') + one('app/json', true),
  )
  const answers = answersIn(await connection.heard())
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 200])
  expect(answers.map(({ body }) => (JSON.parse(body) as { path?: string }).path)).toEqual([
    'app/text',
    undefined,
    'app/text',
    'app/json',
  ])
  facts.length = 0
  const gone = await rawConnection(port)
  await gone.say(one('app/text'))
  gone.socket.destroy()
  await expect.poll(() => facts.length).toBe(1)
  expect([200, 499]).toContain(facts[0]?.status)
})
