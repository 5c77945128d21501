import { Agent } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test, vi } from 'vitest'
import { fakeServer, hangUp, json, page } from '../../client/test-fake.ts'
import type { Reply } from '../../client/test-fake.ts'
import { CofferError } from '../../core/errors.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { exchange } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { DAY_MS, testAuthority } from './test-tls.ts'

const BYTES_MAX = 1_000
const CANARY = 'canary-of-the-peer'

const ask = (url: string, more: Partial<Exchange> = {}) =>
  exchange({
    method: 'GET',
    url: `${url}/x`,
    headers: {},
    timeoutMs: 1_000,
    answerBytesMax: BYTES_MAX,
    signal: new AbortController().signal,
    trust: 'Name its authority in SOME_VARIABLE.',
    ...more,
  })

const refused = async (reply: Reply, more: Partial<Exchange> = {}) => {
  await using server = await fakeServer([reply])
  return await refusalOf(() => ask(server.url, more))
}

test('every status is an answer, and a redirection is not followed', async () => {
  await using server = await fakeServer([
    json({ a: 1 }),
    page(503, { 'retry-after': '7' }),
    page(307, { location: 'http://elsewhere.example/' }),
    page(429, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }),
  ])
  expect(await ask(server.url)).toMatchObject({ status: 200, type: 'application/json' })
  expect(await ask(server.url)).toMatchObject({ status: 503, retryAfterMs: 7_000 })
  expect(await ask(server.url)).toMatchObject({
    status: 307,
    location: 'http://elsewhere.example/',
  })
  expect(await ask(server.url)).toMatchObject({ status: 429, retryAfterMs: undefined })
})

test('a body arrives', async () => {
  await using server = await fakeServer([json({})])
  await ask(server.url, { method: 'POST', body: Buffer.from('{"a":"é"}') })
  expect(server.seen[0]).toMatchObject({ method: 'POST', body: '{"a":"é"}' })
})

test('an answer of the limit is read, one byte more is too large', async () => {
  const of = (bytes: number): Reply => {
    return (response) => response.writeHead(200).end('x'.repeat(bytes))
  }
  await using server = await fakeServer([of(BYTES_MAX)])
  expect((await ask(server.url)).body).toHaveLength(BYTES_MAX)
  expect((await refused(of(BYTES_MAX + 1))).code).toBe('too_large')
})

test.each<readonly [string, Reply, string]>([
  ['no answer', hangUp, 'unavailable'],
  ['half an answer', halfAnswer, 'unavailable'],
  ['an answer that never begins', () => {}, 'timeout'],
  ['an answer that never ends', endless, 'timeout'],
  [
    'a compressed answer',
    (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(CANARY),
    'corrupt',
  ],
])('%s is an error that quotes nothing', async (_, reply, code) => {
  const error = await refused(reply, { timeoutMs: 100 })
  expect(error.code).toBe(code)
  expect(JSON.stringify(error)).not.toContain(CANARY)
})

test('an answer that turns into another protocol is none, at once', async () => {
  const upgrade: Reply = (_, __, socket) =>
    void socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    )
  const error = await refused(upgrade, { timeoutMs: 60_000 })
  expect(error).toMatchObject({ code: 'unavailable' })
  expect(error.message).toContain('does not speak HTTP')
})

test('who gives up is told so, with the reason where that is one of ours', async () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  expect((await refused(() => {}, { signal: controller.signal })).code).toBe('cancelled')
  const late = AbortSignal.abort(new CofferError('timeout', 'Too late.'))
  expect((await refused(() => {}, { signal: late })).message).toBe('Too late.')
})

test('a closed port, an unknown host and a stranger are unavailable', async () => {
  const server = await fakeServer([json({})])
  await server[Symbol.asyncDispose]()
  expect((await refusalOf(() => ask(server.url))).message).toMatch(
    /No server answers.*ECONNREFUSED/,
  )
  const nowhere = await refusalOf(() => ask('http://nowhere.invalid'))
  expect(nowhere).toMatchObject({ code: 'unavailable' })
  const stranger = createServer((socket) => socket.end(`${CANARY}\r\n`))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const { port } = stranger.address() as AddressInfo
  const error = await refusalOf(() => ask(`http://127.0.0.1:${port}`))
  expect(error).toMatchObject({
    code: 'unavailable',
    details: { reason: expect.stringMatching(/^HPE_/) as unknown },
  })
  expect(JSON.stringify(error)).not.toContain(CANARY)
  stranger.close()
})

test('a certificate is believed by its authority, its name and its dates, and by nothing else', async () => {
  const { ca, certificate } = testAuthority()
  const agent = new Agent({ ca })
  const over = async (names: readonly string[], untilMs: number, trusting?: Agent) => {
    await using server = await fakeServer([json({})], certificate(names, untilMs))
    return await ask(server.url, { agent: trusting })
  }
  expect((await over(['127.0.0.1'], DAY_MS, agent)).status).toBe(200)
  const untrusted = await refusalOf(() => over(['127.0.0.1'], DAY_MS))
  expect(untrusted.message).toMatch(/not signed by an authority/)
  expect(untrusted.remedy).toBe('Name its authority in SOME_VARIABLE.')
  expect((await refusalOf(() => over(['x.test'], DAY_MS, agent))).message).toMatch(/other names/)
  expect((await refusalOf(() => over(['127.0.0.1'], -DAY_MS, agent))).message).toMatch(/not valid/)
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
  expect((await refusalOf(() => over(['x.test'], DAY_MS, agent))).message).toMatch(/other names/)
  vi.unstubAllEnvs()
  warned.mockRestore()
})

test('plain HTTP where TLS is spoken, and the other way round, says what to change', async () => {
  await using plain = await fakeServer([json({})])
  const tls = await refusalOf(() => ask(plain.url.replace('http:', 'https:')))
  expect(tls.remedy).toMatch(/http:\/\//)
})

function halfAnswer(...[response, , socket]: Parameters<Reply>): void {
  response.writeHead(200, { 'content-length': '100' }).write(CANARY, () => socket.destroy())
}

function endless(...[response]: Parameters<Reply>): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write('.'), 10)
  response.on('close', () => clearInterval(timer))
}
