import { inspect } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { fakeServer, hangUp, json, page } from '../../client/test-fake.ts'
import type { FakeServer, Reply } from '../../client/test-fake.ts'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { refusal, refusalOf } from '../../testing/refusal.ts'
import { restBase, restToken } from './rest-base.ts'
import { mayBeMade } from './repeated.ts'
import { createRest } from './rest.ts'
import type { RestCall, RestService } from './rest.ts'
import { several } from './several.ts'

const TOKEN = 'token-4fd1a2'
const CANARY = 'canary-of-the-host'

const ask = async (
  { url }: FakeServer,
  call: Partial<RestCall> = {},
  service: Partial<RestService> = {},
) =>
  createRest({
    name: 'Host',
    base: `${url}/api`,
    credential: 'HOST_TOKEN',
    rights: 'Give the token the right to write.',
    headers: { authorization: `Bearer ${TOKEN}` },
    ...service,
  })({
    method: 'GET',
    path: '/things/a%2Fb',
    repeatable: true,
    what: 'to list the things of a/b',
    signal: new AbortController().signal,
    ...call,
  })

/** A status with words of the host that must not be repeated. */
const says = (status: number, headers: Record<string, string> = {}): Reply => {
  return (response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ message: CANARY }))
}
const NOW = { 'retry-after': '0' }

afterEach(() => vi.restoreAllMocks())

test('a call has its token, its query and its body, and gives the document', async () => {
  await using server = await fakeServer([json({ id: 7 }, 201), page(204)])
  const query = { page: '2', none: undefined, name: 'a b&c' }
  const { at = 0, ...answer } = await ask(server, { method: 'POST', body: { key: 'é' }, query })
  expect(answer).toEqual({ status: 201, document: { id: 7 } })
  // By the host's own clock, to the second.
  expect([at % 1_000, Math.abs(Date.now() - at) < 30_000]).toEqual([0, true])
  expect(await ask(server)).toMatchObject({ status: 204, document: undefined })
  const [post, get] = server.seen
  expect(post).toMatchObject({
    method: 'POST',
    url: '/api/things/a%2Fb?page=2&name=a+b%26c',
    body: '{"key":"é"}',
  })
  expect(post?.headers).toMatchObject({
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/json',
    'user-agent': 'coffer',
  })
  expect(get?.headers['content-type']).toBeUndefined()
})

test.each([
  [400, 'invalid_value'],
  [401, 'unauthenticated'],
  [403, 'denied'],
  [404, 'not_found'],
  [409, 'conflict'],
  [413, 'too_large'],
  [418, 'unavailable'],
  [422, 'invalid_value'],
  [307, 'not_found'],
])('%d is %s, said without words of the host', async (status, code) => {
  await using server = await fakeServer([
    says(status, { ...NOW, location: 'https://evil.example' }),
  ])
  const error = await refusalOf(() => ask(server))
  // A 403 with a time to come back is a limit, not a lack of rights.
  expect(error.code).toBe(status === 403 ? 'throttled' : code)
  expect(error.details['status']).toBe(status)
  expect(error.message).toContain('to list the things of a/b')
  const shown = inspect(error, { depth: 9, showHidden: true })
  for (const secret of [CANARY, TOKEN, 'evil']) expect(shown).not.toContain(secret)
})

test('a refusal says what to do', async () => {
  await using server = await fakeServer([says(401), says(403)])
  expect((await refusalOf(() => ask(server))).remedy).toContain('HOST_TOKEN')
  const denied = await refusalOf(() => ask(server))
  expect([denied.code, denied.remedy]).toEqual(['denied', 'Give the token the right to write.'])
})

test('a service may know better what its refusal means', async () => {
  await using server = await fakeServer([json({ code: 'taken' }, 400)])
  const meaning: RestService['meaning'] = (status, document) =>
    status === 400 && (document as { code: string }).code === 'taken'
      ? { code: 'conflict', remedy: 'Look there.' }
      : undefined
  const error = await refusalOf(() => ask(server, {}, { meaning }))
  expect([error.code, error.remedy]).toEqual(['conflict', 'Look there.'])
})

describe('what passes is tried again', () => {
  test.each([
    ['throttled', says(429, NOW)],
    ['not available', says(503, NOW)],
    ['failed', says(500, NOW)],
    ['hung up on', hangUp],
  ])('when it was %s', async (_, reply) => {
    await using server = await fakeServer([reply, json({ ok: true })])
    expect((await ask(server)).document).toEqual({ ok: true })
    expect(server.seen).toHaveLength(2)
  })

  test('restRetriesMax times and not once more', async () => {
    await using server = await fakeServer([says(503, NOW)])
    expect((await refusalOf(() => ask(server))).code).toBe('unavailable')
    expect(server.seen).toHaveLength(1 + LIMITS.restRetriesMax)
  })

  test('not when the service asks for longer than restWaitMsMax, which it then says', async () => {
    const seconds = LIMITS.restWaitMsMax / 1_000 + 1
    await using server = await fakeServer([says(429, { 'retry-after': String(seconds) })])
    const error = await refusalOf(() => ask(server))
    expect([error.code, error.details['retryAfterMs']]).toEqual(['throttled', seconds * 1_000])
    expect(server.seen).toHaveLength(1)
  })

  test('when the limit is told by its reset, it is until then', async () => {
    const reset = String(Math.floor(Date.now() / 1_000) + 3_600)
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
    await using server = await fakeServer([says(403, headers)])
    const error = await refusalOf(() => ask(server))
    expect(error.code).toBe('throttled')
    expect(Number(error.details['retryAfterMs'])).toBeGreaterThan(3_590_000)
  })

  test('but what may have been done is not done twice, unless that does no harm', async () => {
    const post = { method: 'POST', repeatable: false } as const
    for (const reply of [says(500, NOW), says(502, NOW), hangUp]) {
      await using server = await fakeServer([reply])
      const error = await refusalOf(() => ask(server, post))
      expect([error.code, mayBeMade(error)]).toEqual(['unavailable', true])
      expect(server.seen).toHaveLength(1)
    }
    for (const status of [429, 503]) {
      await using server = await fakeServer([says(status, NOW), json({}, 201)])
      expect((await ask(server, post)).status).toBe(201)
    }
  })

  test('and no longer than until it is given up', async () => {
    await using server = await fakeServer([says(503, { 'retry-after': '10' })])
    const given = new AbortController()
    const asked = refusalOf(() => ask(server, { signal: given.signal }))
    await expect.poll(() => server.seen.length).toBe(1)
    given.abort()
    expect((await asked).code).toBe('cancelled')
    expect(server.seen).toHaveLength(1)
  })
})

test('what was refused was not made; what nobody knows may have been', () => {
  const of = (code: CofferError['code'], details = {}) =>
    mayBeMade(new CofferError(code, 'x', { details }))
  for (const reason of [
    'ECONNREFUSED',
    'ENOTFOUND',
    'CERT_HAS_EXPIRED',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ])
    expect(of('unavailable', { reason })).toBe(false)
  for (const reason of ['ECONNRESET', 'EPIPE', 'HPE_INVALID_CONSTANT', 'unknown'])
    expect(of('unavailable', { reason })).toBe(true)
  expect(of('unavailable', { status: 503 })).toBe(false)
  expect(of('unavailable', { status: 504 })).toBe(true)
  expect(of('corrupt', { status: 200 })).toBe(true)
  expect([of('timeout'), of('corrupt'), of('denied', { status: 403 })]).toEqual([true, true, false])
  expect(mayBeMade(new Error('a bug'))).toBe(true)
})

test('an answer that is no JSON is corrupt, and a refusal that is none is still one', async () => {
  const html: Reply = (response) => response.writeHead(200).end(`<html>${CANARY}`)
  await using server = await fakeServer([html, html, html, html, page(403)])
  const error = await refusalOf(() => ask(server))
  expect(error).toMatchObject({
    code: 'corrupt',
    remedy: expect.stringContaining('proxy') as string,
  })
  expect((await refusalOf(() => ask(server))).code).toBe('denied')
})

test('a garbled answer is asked for again where that does no harm', async () => {
  const cut: Reply = (response) => response.writeHead(201).end('{"a')
  for (const [repeatable, code] of [
    [true, undefined],
    [false, 'corrupt'],
  ] as const) {
    await using server = await fakeServer([cut, json({})])
    const asked = ask(server, { repeatable }).then(
      () => undefined,
      (error: CofferError) => error.code,
    )
    expect(await asked).toBe(code)
  }
})

test('an answer has at most restAnswerBytesMax bytes', async () => {
  const of = (bytes: number): Reply => json('x'.repeat(bytes - 2))
  const limit = LIMITS.restAnswerBytesMax
  await using server = await fakeServer([of(limit), of(limit + 1)])
  expect((await ask(server)).document).toHaveLength(limit - 2)
  expect((await refusalOf(() => ask(server))).code).toBe('too_large')
})

test('an attempt has restTimeoutMs', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout')
  await using server = await fakeServer([json({})])
  await ask(server)
  expect(timeout).toHaveBeenCalledWith(LIMITS.restTimeoutMs)
})

test('a service is where the environment says, and is named when it is another', () => {
  const usual = 'https://api.host.example'
  const at = (url?: string) =>
    restBase(usual, 'HOST_URL', url === undefined ? {} : { HOST_URL: url })
  expect(at()).toEqual({ base: usual, host: undefined })
  expect(at(`${usual}/`)).toEqual({ base: usual, host: undefined })
  expect(at('https://ghe.example/api/v3/')).toEqual({
    base: 'https://ghe.example/api/v3',
    host: 'ghe.example',
  })
  expect(at('http://127.0.0.1:81').host).toBe('127.0.0.1:81')
  for (const bad of ['ghe.example', 'http://ghe.example', 'https://u:p@ghe.example', `${usual}?a`])
    expect(refusal(() => at(bad)).code).toBe('invalid_config')
})

test('a token is the first that is set, on one line', () => {
  const of = (env: Record<string, string>) => restToken('Host', ['A_TOKEN', 'B_TOKEN'], env)
  expect(of({ A_TOKEN: '', B_TOKEN: 'b' })).toBe('b')
  expect(refusal(() => of({})).remedy).toContain('A_TOKEN or B_TOKEN')
  const odd = refusal(() => of({ A_TOKEN: `${CANARY}\nx` }))
  expect([odd.code, inspect(odd).includes(CANARY)]).toEqual(['unauthenticated', false])
})

test('several things are done at once, and answered in order', async () => {
  let [now, most] = [0, 0]
  const answers = await several([5, 1, 3, 2, 4], 2, async (n) => {
    most = Math.max(most, (now += 1))
    await new Promise((resolve) => setTimeout(resolve, n))
    now -= 1
    return n * 10
  })
  expect([answers, most]).toEqual([[50, 10, 30, 20, 40], 2])
  expect(await several([], 2, () => Promise.reject(new Error('never')))).toEqual([])
})
