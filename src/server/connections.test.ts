import { Agent, get } from 'node:http'
import { createConnection } from 'node:net'
import type { RouteHandlerMethod } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Observer } from './app.ts'
import { CONNECTION_LIMITS } from './http-server.ts'
import type { RunningServer } from './start.ts'
import { startServer } from './start.ts'
import { answersIn, bareServer, rawConnection, startBareServer } from './test-socket.ts'

const running = new Set<RunningServer>()
afterEach(async () => {
  await Promise.all([...running].map((server) => server.close()))
  running.clear()
})

const routes: Observer = (app) => {
  const route = (url: string, handler: RouteHandlerMethod) =>
    app.route({ method: url === '/echo' ? 'POST' : 'GET', url, handler })
  route('/echo', async ({ body }) => ({ got: body }))
  route('/ip', async ({ ip }) => ({ ip }))
  route('/slow', async () => {
    await new Promise((resolve) => setTimeout(resolve, 250))
    return { done: true }
  })
  route('/v1/slow', async () => {
    await new Promise((resolve) => setTimeout(resolve, 250))
    return { keys: [] }
  })
  route('/fails', async () => {
    throw new Error('planted')
  })
  route('/endless', (_, reply) => {
    reply.raw.writeHead(200)
    reply.raw.write('.')
  })
}

async function start(given: Parameters<typeof startBareServer>[1] = {}): Promise<RunningServer> {
  const server = await startBareServer(routes, given)
  running.add(server)
  return server
}

async function answersTo(port: number, text: string): Promise<ReturnType<typeof answersIn>> {
  const connection = await rawConnection(port)
  await connection.say(text)
  return answersIn(await connection.heard())
}

const said = async (port: number, text: string): Promise<number[]> =>
  (await answersTo(port, text)).map(({ status }) => status)

test('health and readiness are told to anyone, without detail, HEAD included', async () => {
  const { url } = await start()
  const health = await fetch(`${url}/healthz`)
  expect([health.status, await health.text()]).toEqual([200, 'ok\n'])
  expect(health.headers.get('cache-control')).toBe('no-store')
  const head = await fetch(`${url}/healthz`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  const sealed = await start({ sealed: true })
  const ready = await fetch(`${sealed.url}/readyz`)
  expect([ready.status, await ready.text()]).toEqual([503, 'sealed\n'])
  expect((await fetch(`${sealed.url}/healthz`)).status).toBe(200)
  // Not sealed, but nothing can be read.
  const broken = await fetch(`${url}/readyz`)
  expect([broken.status, await broken.text()]).toEqual([503, 'unavailable\n'])
})

test('after a failure of our own, readiness takes a closer look, until it is well', async () => {
  let works = true
  let events = 0
  const platform = {
    settings: { get: async () => undefined, list: async () => [] },
    async record() {
      events += 1
      if (!works) throw new CofferError('audit_unavailable', 'The disk is full.')
    },
  }
  const { url } = await start({ platform })
  const ready = async () => (await fetch(`${url}/readyz`)).status
  expect([await ready(), await ready(), events]).toEqual([200, 200, 0])
  works = false
  expect((await fetch(`${url}/fails`)).status).toBe(500)
  expect([await ready(), await ready(), events]).toEqual([503, 503, 2])
  works = true
  expect([await ready(), events]).toEqual([200, 3])
  // The probes' own answers are no failure of anybody else.
  expect([await ready(), events]).toEqual([200, 3])
})

test('what nobody serves is 404 as a problem; / says what this is', async () => {
  const { url } = await start()
  const answer = await fetch(`${url}/v1/secret/data/x`)
  expect(answer.status).toBe(404)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(await answer.json()).toMatchObject({ code: 'not_found', status: 404 })
  expect((await fetch(`${url}/%zz`)).status).toBe(400)
  expect(await (await fetch(url)).text()).toContain('Coffer')
  expect((await fetch(url, { method: 'POST' })).status).toBe(404)
})

test('health is answered whatever the limits of an address say, and they are told elsewhere', async () => {
  const admitAddress = () => {
    throw new CofferError('throttled', 'Too many requests.', { details: { retryAfterSeconds: 7 } })
  }
  const { url } = await start({ guard: { admitAddress } })
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  const answer = await fetch(`${url}/ip`)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7'])
  expect(await answer.json()).toMatchObject({ code: 'throttled' })
})

test('a proxy is believed only when it is trusted', async () => {
  const forwarded = { headers: { 'x-forwarded-for': '203.0.113.9' } }
  const none = await start()
  expect(await (await fetch(`${none.url}/ip`, forwarded)).json()).toEqual({ ip: '127.0.0.1' })
  const trusting = await start({ trustedProxies: ['127.0.0.0/8'] })
  expect(await (await fetch(`${trusting.url}/ip`, forwarded)).json()).toEqual({ ip: '203.0.113.9' })
})

test('a body of requestBodyBytesMax is taken, one byte more is 413', async () => {
  const { url, port } = await start()
  const post = (bytes: number) =>
    fetch(`${url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'x'.repeat(bytes),
    })
  expect((await post(LIMITS.requestBodyBytesMax)).status).toBe(200)
  const refused = await post(LIMITS.requestBodyBytesMax + 1)
  expect([refused.status, (await refused.json()) as object]).toMatchObject([
    413,
    { code: 'too_large' },
  ])
  const announced = await said(
    port,
    `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 999999999999\r\nConnection: close\r\n\r\n`,
  )
  expect(announced).toEqual([413])
})

test('a head of more than requestHeadBytesMax is 431', async () => {
  const { port } = await start()
  const head = (size: number) =>
    `GET /ip HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: ${'b'.repeat(size)}\r\n\r\n`
  expect(await said(port, head(LIMITS.requestHeadBytesMax - 100))).toEqual([200])
  expect(await said(port, head(LIMITS.requestHeadBytesMax))).toEqual([431])
})

test('a request that two readers would understand differently is refused', async () => {
  const { port } = await start()
  const post = 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n'
  const smuggled = 'GET /ip HTTP/1.1\r\nHost: x\r\n\r\n'
  const bad = [
    `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${smuggled}`,
    `${post}Content-Length: 0\r\nContent-Length: 28\r\n\r\n${smuggled}`,
    `${post}Content-Length: 0, 28\r\n\r\n${smuggled}`,
    `${post}Content-Length: +4\r\n\r\nabcd`,
    `${post}Content-Length : 4\r\n\r\nabcd`,
    `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
    `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `${post}Transfer-Encoding: chunked\r\n\r\n2;\n\r\nab\r\n0\r\n\r\n${smuggled}`,
    `${post}Transfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n${smuggled}`,
    `${post}X: a\r\n Content-Length: 4\r\n\r\nabcd${smuggled}`,
    `${post}X: a\nContent-Length: 4\r\n\r\nabcd`,
    `GET /ip HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n`,
    `GET /ip HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nauthorization: b\r\n\r\n`,
    `GET /ip HTTP/1.1\r\n\r\n`,
    `GET /ip\r\n\r\n`,
  ]
  for (const text of bad) {
    const answers = await answersTo(port, text)
    expect(answers, JSON.stringify(text)).toMatchObject([{ status: 400 }])
    expect(answers[0]?.headers).toContain('application/problem+json')
  }
  expect((await fetch(`http://127.0.0.1:${port}/ip`)).status).toBe(200)
})

test('what asks for something else than a request is no danger to anybody', async () => {
  const { port } = await start()
  const odd = [
    'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'TRACE /ip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET /ip HTTP/1.1\r\nHost: x\r\nConnection: close, upgrade\r\nUpgrade: h2c\r\n\r\n',
    'GET http://other/ip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /../../ip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    `GET /${'a/'.repeat(5_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  ]
  for (const text of odd) {
    const connection = await rawConnection(port)
    await connection.say(text)
    connection.socket.end()
    const [answer] = answersIn(await connection.heard())
    expect(answer?.status ?? 400, text.slice(0, 40)).toBeLessThan(500)
  }
  expect((await fetch(`http://127.0.0.1:${port}/ip`)).status).toBe(200)
})

test('whatever is refused before it is a request is told, and counted', async () => {
  const counted: unknown[] = []
  const refused = (...[, via, code]: unknown[]) => void counted.push([via, code])
  const connections = { headTimeoutMs: 150, requestTimeoutMs: 300, idleTimeoutMs: 400 }
  const { port } = await start({ guard: { refused }, connections })
  const get = 'GET /ip HTTP/1.1\r\nHost: x\r\n'
  const ip = `${get}\r\n`
  const unread: [string, number[], string][] = [
    [`${get}Content-Length: +1\r\n\r\n`, [400], 'invalid_argument'],
    ['SCAN /v1/a HTTP/1.1\r\nHost: x\r\n\r\n', [405], 'invalid_argument'],
    ['CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', [405], 'invalid_argument'],
    [`${ip}CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n`, [200, 405], 'invalid_argument'],
    [`${get}X: ${'a'.repeat(LIMITS.requestHeadBytesMax)}\r\n\r\n`, [431], 'too_large'],
    [`${get}X: `, [408], 'timeout'],
  ]
  for (const [text, statuses, code] of unread) {
    expect([text.slice(0, 60), await said(port, text)]).toEqual([text.slice(0, 60), statuses])
    expect(counted.splice(0)).toEqual([['malformed', code]])
  }
  await (await rawConnection(port)).heard()
  const expecting = `${get}Expect: the unexpected\r\nConnection: close\r\n\r\n`
  expect([await said(port, expecting), counted]).toEqual([[200], []])
})

test('slow clients are dropped: slow heads, slow bodies, and silence', async () => {
  const connections = { headTimeoutMs: 150, requestTimeoutMs: 300, idleTimeoutMs: 400 }
  const { port } = await start({ connections })
  const drip = async (text: string) => {
    const connection = await rawConnection(port)
    const began = performance.now()
    const timer = setInterval(() => connection.socket.write('a'), 40)
    await connection.say(text)
    const heard = await connection.heard()
    clearInterval(timer)
    return { heard, ms: performance.now() - began }
  }
  const post =
    'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 999\r\n\r\n'
  const [head, body, list, silent] = await Promise.all([
    drip('GET /ip HTTP/1.1\r\nHost: x\r\nX: '),
    drip(post),
    drip('LIST /v1/a HTTP/1.1\r\nHost: x\r\nX: '),
    rawConnection(port).then((connection) => connection.heard()),
  ])
  for (const { heard, ms } of [head, body, list]) {
    expect(answersIn(heard)[0]?.status).toBe(408)
    expect(ms).toBeLessThan(5_000)
  }
  expect(silent).toMatch(/^(?:HTTP\/1\.1 408|$)/)
  expect((await fetch(`http://127.0.0.1:${port}/ip`)).status).toBe(200)
})

test('by default clients have the limits of the platform', () => {
  expect(CONNECTION_LIMITS).toEqual({
    headTimeoutMs: LIMITS.requestHeadTimeoutMs,
    requestTimeoutMs: LIMITS.requestTimeoutMs,
    idleTimeoutMs: LIMITS.connectionIdleTimeoutMs,
    handshakeTimeoutMs: LIMITS.tlsHandshakeTimeoutMs,
    connectionsMax: LIMITS.connectionsMax,
  })
})

test('as many requests as requestsAheadMax wait for their answers; one more ends the connection', async () => {
  let begun = 0
  const observer: Observer = async (app) => {
    app.addHook('onRequest', async () => void begun++)
    await routes(app)
  }
  const server = await startBareServer(observer)
  running.add(server)
  const ask = (path: string, last = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${last}\r\n`
  const most = ask('/slow') + ask('/ip').repeat(LIMITS.requestsAheadMax - 1)
  const good = await rawConnection(server.port)
  await good.say(most + ask('/ip', 'Connection: close\r\n'))
  const statuses = answersIn(await good.heard()).map(({ status }) => status)
  expect(statuses).toEqual(Array(LIMITS.requestsAheadMax + 1).fill(200))
  begun = 0
  const greedy = await rawConnection(server.port)
  await greedy.say(most + ask('/ip').repeat(500))
  expect(await greedy.heard()).toBe('')
  expect(begun).toBe(LIMITS.requestsAheadMax + 1)
})

test('beyond connectionsMax nobody is let in, and those who are in stay', async () => {
  const { port } = await start({ connections: { connectionsMax: 2 } })
  const [first, second] = [await rawConnection(port), await rawConnection(port)]
  const third = createConnection({ port, host: '127.0.0.1' })
  third.on('error', () => {})
  await new Promise<void>((resolve) => third.once('close', () => resolve()))
  await first.say('GET /ip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  expect(answersIn(await first.heard())[0]?.status).toBe(200)
  second.socket.destroy()
})

test('stopping finishes what is under way, LIST included, and takes nothing new', async () => {
  const server = await start()
  const agent = new Agent({ keepAlive: true })
  const idle = await new Promise<number | undefined>((resolve, reject) => {
    get(`${server.url}/ip`, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    }).once('error', reject)
  })
  expect(idle).toBe(200)
  const slow = fetch(`${server.url}/slow`)
  const listing = await rawConnection(server.port)
  await listing.say('LIST /v1/slow HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve) => setTimeout(resolve, 60))
  const closing = server.close()
  const answer = await slow
  expect([answer.status, await answer.json()]).toEqual([200, { done: true }])
  expect(answersIn(await listing.heard())).toMatchObject([{ status: 200, body: '{"keys":[]}' }])
  await closing
  await expect(fetch(`${server.url}/ip`)).rejects.toThrow('fetch failed')
  agent.destroy()
})

test('what does not end is cut off when the time to stop is over', async () => {
  const server = await startBareServer(routes, {})
  const endless = await rawConnection(server.port)
  await endless.say('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => endless.text).toContain('.')
  const began = performance.now()
  await server.close(100)
  expect(performance.now() - began).toBeLessThan(LIMITS.stopTimeoutMs / 2)
  await endless.heard()
})

test('a port in use is told with a remedy', async () => {
  const { port } = await start()
  const second = startServer(bareServer(), { listen: { host: '127.0.0.1', port } })
  await expect(second).rejects.toMatchObject({
    code: 'unavailable',
    message: `127.0.0.1 port ${port} is in use.`,
    remedy: expect.stringContaining('--listen'),
  })
})
