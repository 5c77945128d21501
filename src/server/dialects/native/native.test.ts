import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { startTestServer } from '../../test-server.ts'
import type { TestServer } from '../../test-server.ts'
import { call } from './test-call.ts'
import type { Sent } from './test-call.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const send = (method: string, path: string, sent?: Sent) => call(server, method, path, sent)
const put = (path: string, body: object, sent: Sent = {}) =>
  send('PUT', `/secrets/${path}`, { body, ...sent })

test('a value of every encoding comes back as it was written', async () => {
  const bytes = Buffer.from([0, 255, 128, 10]).toString('base64')
  for (const [name, body, answer] of [
    ['text', { value: 'höher ✓\n' }, { encoding: 'text', value: 'höher ✓\n' }],
    ['bytes', { encoding: 'bytes', value: bytes }, { encoding: 'bytes', value: bytes }],
    ['json', { value: { a: { b: [1] } } }, { encoding: 'json', value: { a: { b: [1] } } }],
  ] as const) {
    const written = await put(`shop/a%20b/%C3%A9/${name}`, body)
    expect(written).toMatchObject({ status: 200, json: { path: `shop/a b/é/${name}` } })
    const read = await send('GET', `/secrets/shop/a%20b%2F%C3%A9%2F${name}`)
    expect(read).toMatchObject({ status: 200, type: 'application/json', json: answer })
    expect(read.headers.get('cache-control')).toBe('no-store')
  }
})

test('no digit of a JSON value changes on its way', async () => {
  const raw = '{"value":{"n":12345678901234567890,"f":1.0,"__proto__":{"a":1e400}}}'
  expect((await send('PUT', '/secrets/exact/one', { raw })).status).toBe(200)
  const many = `{"items":[{"path":"exact/two","input":${raw}}]}`
  expect((await send('POST', '/write', { raw: many })).status).toBe(200)
  for (const name of ['one', 'two']) {
    const { text } = await send('GET', `/secrets/exact/${name}`)
    expect(text).toContain('"value":{"n":12345678901234567890,"f":1.0,"__proto__":{"a":1e400}}')
  }
})

test('a write with an idempotency key is done once', async () => {
  const headers = { 'idempotency-key': 'once' }
  const first = await put('idem/a', { value: 'x' }, { headers })
  const again = await put('idem/a', { value: 'x' }, { headers })
  expect(first.json).toMatchObject({ version: 1, written: true })
  expect(again.json).toMatchObject({ version: 1, written: false })
  const other = await put('idem/a', { value: 'y' }, { headers })
  expect(other).toMatchObject({ status: 409, json: { code: 'token_reused' } })
  const differing = await put('idem/a', { value: 'y', token: 'another' }, { headers })
  expect(differing).toMatchObject({ status: 400, json: { code: 'invalid_argument' } })
})

test('a batch of writes with an idempotency key is done once, each of its items', async () => {
  const headers = { 'idempotency-key': 'batch-once' }
  const write = async (value: string, token?: string) => {
    const items = ['idem/many/a', 'idem/many/b'].map((path) => ({ path, input: { value, token } }))
    return send('POST', '/write', { body: { items }, headers })
  }
  const receipts = (written: boolean) => ({
    status: 200,
    json: {
      receipts: [
        { version: 1, written },
        { version: 1, written },
      ],
    },
  })
  expect(await write('x')).toMatchObject(receipts(true))
  expect(await write('x')).toMatchObject(receipts(false))
  expect(await write('y')).toMatchObject({ status: 409, json: { code: 'token_reused' } })
  const differing = await write('x', 'another')
  expect(differing).toMatchObject({ status: 400, json: { code: 'invalid_argument' } })
})

test('absent, denied and nowhere are told apart', async () => {
  await put('apart/there', { value: 'x' })
  const token = await server.token({ policies: ['none'] })
  for (const path of ['apart/there', 'apart/absent']) {
    const denied = await send('GET', `/secrets/${path}`, { token })
    expect(denied).toMatchObject({ status: 403, type: 'application/problem+json' })
    expect(denied.json).toMatchObject({ code: 'denied', remedy: expect.any(String) as string })
  }
  const absent = await send('GET', '/secrets/apart/absent')
  expect(absent).toMatchObject({ status: 404, json: { details: { absent: true } } })
  const nowhere = await send('GET', '/secret/apart/absent')
  expect(nowhere).toMatchObject({ status: 404, json: { code: 'not_found', details: {} } })
})

test('without a good token nothing is answered but what is open', async () => {
  const revoked = await server.token({ policies: ['admin'] })
  await send('POST', '/tokens/revoke', { body: { token: revoked } })
  for (const token of ['', 'x', revoked, 'a'.repeat(2_000)]) {
    const refused = await send('PUT', '/secrets/a', { token, raw: '{not json' })
    expect(refused).toMatchObject({ status: 401, json: { code: 'unauthenticated' } })
    expect(refused.headers.get('www-authenticate')).toContain('Bearer')
  }
  for (const [path, status] of [
    ['/health', 200],
    ['/seal-status', 200],
    ['/openapi.json', 200],
    ['/self', 401],
  ] as const) {
    expect((await send('GET', path, { token: '' })).status, path).toBe(status)
  }
  expect((await send('GET', '/health', { token: '' })).json).toEqual({ status: 'ok' })
})

test('reads of one secret agree, alone, in a batch and below a prefix', async () => {
  await put('agree/a/open', { value: 'x' })
  await put('agree/a/hidden', { value: 'x' })
  await put('agree/a/off', { value: 'x' })
  await send('PATCH', '/versions/agree/a/off?version=1', { body: { enabled: false } })
  const admin = server.platform.as('local:admin')
  await admin.access.putPolicy({
    name: 'agree',
    rules: [
      { effect: 'allow', actions: ['read', 'list'], paths: ['agree/a/**'] },
      { effect: 'deny', actions: ['*'], paths: ['agree/a/hidden'] },
    ],
  })
  const token = await server.token({ policies: ['agree'] })
  const names = ['hidden', 'off', 'open', 'absent']
  const one = await Promise.all(
    names.map(async (name) => {
      const { status, json } = await send('GET', `/secrets/agree/a/${name}`, { token })
      return status === 200 ? 'value' : json?.['code']
    }),
  )
  expect(one).toEqual(['denied', 'disabled', 'value', 'not_found'])
  const refs = names.map((name) => ({ path: `agree/a/${name}` }))
  const many = await send('POST', '/read', { token, body: { refs } })
  const answers = (many.json as unknown as { answers: Answer[] }).answers
  expect(answers.map(wordOf)).toEqual(['denied', 'disabled', 'value', 'not_found'])
  const below = await send('GET', '/read-below?prefix=agree', { token })
  const items = (below.json as unknown as { items: { path: string; answer: Answer }[] }).items
  expect(items.map(({ path, answer }) => [path, wordOf(answer)])).toEqual([
    ['agree/a/off', 'disabled'],
    ['agree/a/open', 'value'],
  ])
  const list = await send('GET', '/list?prefix=agree', { token })
  const listed = (list.json as unknown as { items: { path: string }[] }).items
  expect(listed.map(({ path }) => path)).toEqual(['agree/a/off', 'agree/a/open'])
})

test('an operator does at a distance what the platform does, and nobody else does', async () => {
  const nobody = await server.token({ policies: ['none'] })
  for (const [method, path, body] of [
    ['GET', '/keys'],
    ['POST', '/keys/rotate', {}],
    ['POST', '/doctor', {}],
    ['POST', '/sweep', {}],
    ['GET', '/settings'],
    ['GET', '/settings/any'],
    ['PUT', '/settings/any', { a: 1 }],
    ['GET', '/settings/any'],
    ['DELETE', '/settings/any'],
    ['GET', '/audit'],
    ['POST', '/audit/verify', {}],
    ['GET', '/audit/head'],
    ['GET', '/audit/export'],
    ['POST', '/backup', { passphrase: 'correct horse battery staple' }],
  ] as const) {
    const sent = body === undefined ? {} : { body }
    const denied = await send(method, path, { token: nobody, ...sent })
    expect([path, denied.status, denied.json?.['code']]).toEqual([path, 403, 'denied'])
    const done = await send(method, path, sent)
    const absent = method === 'GET' && path === '/settings/any' && done.status === 404
    expect(absent || done.status < 300, `${path}: ${done.text.slice(0, 200)}`).toBe(true)
  }
})

test('a sealed server says so, and goes on saying how it is', async () => {
  const { gate } = server.server
  const sealed = vi.spyOn(gate, 'platform').mockImplementation(() => {
    throw new CofferError('sealed', 'The store is sealed.')
  })
  const status = vi.spyOn(gate, 'status').mockReturnValue({ ...gate.status(), sealed: true })
  for (const path of ['/secrets/a', '/list', '/self', '/audit']) {
    const answer = await send('GET', path)
    expect(answer).toMatchObject({ status: 503, json: { code: 'sealed' } })
    expect(answer.headers.get('retry-after')).toBe('1')
  }
  expect(await send('GET', '/health')).toMatchObject({ status: 200, json: { status: 'sealed' } })
  expect((await send('GET', '/seal-status')).json).toMatchObject({ sealed: true })
  sealed.mockRestore()
  status.mockRestore()
  expect((await send('GET', '/self')).status).toBe(200)
})

test('long work is waited for, and nothing else for longer than a connection may idle', async () => {
  const { app, platform } = server
  const slowly = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 400, value))
  expect(LIMITS.longRequestTimeoutMs).toBeGreaterThan(LIMITS.connectionIdleTimeoutMs)
  const sweep = vi.spyOn(platform, 'sweep').mockImplementation(() => slowly({} as never))
  const status = vi.spyOn(platform.keys, 'status').mockImplementation(() => slowly({} as never))
  app.server.timeout = 100
  const fresh = { headers: { connection: 'close' } }
  expect((await send('POST', '/sweep', { body: {}, ...fresh })).status).toBe(200)
  await expect(send('GET', '/keys', fresh)).rejects.toThrow('fetch failed')
  app.server.timeout = 0
  sweep.mockRestore()
  status.mockRestore()
})

test('what limits refuse says when to come back', async () => {
  const { guard } = server.server
  const admit = vi.spyOn(guard, 'admit').mockImplementation(() => {
    throw new CofferError('throttled', 'Too many.', { details: { retryAfterSeconds: 7 } })
  })
  const answer = await send('GET', '/self')
  expect(answer).toMatchObject({ status: 429, json: { code: 'throttled' } })
  expect(answer.headers.get('retry-after')).toBe('7')
  admit.mockRestore()
  const refused = vi.spyOn(guard, 'refused')
  await send('PUT', '/policies/p', { token: 'wrong', body: {} })
  expect(refused).toHaveBeenCalledWith('127.0.0.1', 'http', 'unauthenticated')
  refused.mockRestore()
})

interface Answer {
  readonly value?: object | null
  readonly error?: { readonly code: string }
}

const wordOf = ({ value, error }: Answer) =>
  error === undefined ? (value === null ? 'not_found' : 'value') : error.code
