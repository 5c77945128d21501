import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { startTestServer } from '../../test-server.ts'
import type { TestServer } from '../../test-server.ts'
import { call } from './test-call.ts'

let server: TestServer
const opened: AbortController[] = []
beforeEach(async () => {
  server = await startTestServer()
})
afterEach(async () => {
  for (const controller of opened.splice(0)) controller.abort()
  await server.close()
})

interface Event {
  readonly id: string | undefined
  readonly event: string
  readonly data: Record<string, unknown>
}

interface Listening {
  readonly status: number
  readonly type: string
  readonly events: readonly Event[]
  until(count: number): Promise<void>
  /** Resolves when the server has ended it. */
  readonly over: Promise<void>
  stop(): void
}

async function listen(
  path: string,
  { token = server.adminToken, headers = {}, body }: Given = {},
): Promise<Listening> {
  const controller = new AbortController()
  opened.push(controller)
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: controller.signal,
  })
  const events: Event[] = []
  const read = async () => {
    let rest = ''
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = new Map(
          block
            .split('\n')
            .map((line) => [line.split(': ', 1)[0]!, line.slice(line.indexOf(': ') + 2)]),
        )
        if (!fields.has('data')) continue
        const data = JSON.parse(fields.get('data')!) as Event['data']
        events.push({ id: fields.get('id'), event: fields.get('event')!, data })
      }
    }
  }
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? '',
    events,
    async until(count) {
      await expect
        .poll(() => events.length, { timeout: 2_000, interval: 20 })
        .toBeGreaterThanOrEqual(count)
    },
    over: read().catch(() => {}),
    stop: () => controller.abort(),
  }
}

interface Given {
  readonly token?: string
  readonly headers?: Record<string, string>
  readonly body?: object
}

const put = (path: string, value = 'x') =>
  call(server, 'PUT', `/secrets/${path}`, { body: { value } })

test('events tell of changes through any door, and go on behind the last one that was heard', async () => {
  const first = await listen('/events?prefix=shop')
  expect([first.status, first.type]).toEqual([200, 'text/event-stream; charset=utf-8'])
  await put('shop/a', 'CANARY')
  await server.platform.as('local:admin').write('shop/b', { value: 'x' })
  await put('other/c')
  await first.until(2)
  first.stop()
  await put('shop/c')
  const lastId = first.events[0]!.id!
  for (const resumed of [
    await listen('/events?prefix=shop', { headers: { 'last-event-id': lastId } }),
    await listen(`/events?prefix=shop&after=${lastId}`),
  ]) {
    await resumed.until(2)
    expect(resumed.events.map(({ event, data }) => [event, data['path']])).toEqual([
      ['write', 'shop/b'],
      ['write', 'shop/c'],
    ])
  }
  expect(first.events[0]).toMatchObject({
    event: 'write',
    data: { path: 'shop/a', cursor: lastId },
  })
  expect(JSON.stringify(first.events)).not.toContain('CANARY')
})

test('a cursor that is none is refused before the stream begins', async () => {
  for (const query of ['after=x', 'prefix=a%2F%2Fb']) {
    const answer = await call(server, 'GET', `/events?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.type).toBe('application/problem+json')
  }
  const nobody = await server.token({ policies: ['none'] })
  expect((await call(server, 'GET', '/audit/follow', { token: nobody })).status).toBe(403)
})

test('a cursor that the log has left behind is answered with a reset', async () => {
  const { platform } = server
  const as = platform.as.bind(platform)
  vi.spyOn(platform, 'as').mockImplementation((...given) => ({
    ...as(...given),
    events: (_query, _each, failed) => {
      setImmediate(failed, new CofferError('not_found', 'It was pruned.'))
      return () => {}
    },
  }))
  const stream = await listen('/events?after=old')
  await stream.over
  expect(stream.events).toMatchObject([{ event: 'reset', data: { code: 'not_found' } }])
})

test('a stream ends within two seconds of its token', async () => {
  const token = await server.token({ policies: ['admin'] })
  const streams = [
    await listen('/events', { token }),
    await listen('/audit/follow', { token }),
    await listen('/watch', { token, body: { paths: ['shop/a'] } }),
  ]
  await call(server, 'POST', '/tokens/revoke', { body: { token } })
  const startedMs = performance.now()
  await Promise.all(streams.map(({ over }) => over))
  expect(performance.now() - startedMs).toBeLessThan(2_000)
})

test('watching tells of what may be read, and who may not is told so once', async () => {
  await put('shop/a')
  await put('shop/b')
  const admin = server.platform.as('local:admin')
  await admin.access.putPolicy({
    name: 'a-only',
    rules: [{ effect: 'allow', actions: ['read'], paths: ['shop/a'] }],
  })
  const token = await server.token({ policies: ['a-only'] })
  const stream = await listen('/watch', { token, body: { paths: ['shop/a', 'shop/b'] } })
  await stream.until(1)
  expect(stream.events[0]).toMatchObject({
    event: 'refused',
    data: { path: 'shop/b', error: { code: 'denied' } },
  })
  await put('shop/b')
  await put('shop/a')
  await stream.until(2)
  expect(stream.events.slice(1)).toEqual([
    { id: undefined, event: 'changed', data: { path: 'shop/a' } },
  ])
  const { batchMax } = LIMITS
  for (const [count, status] of [
    [0, 400],
    [batchMax + 1, 400],
  ] as const) {
    const body = { paths: Array.from({ length: count }, (_, i) => `a/${i}`) }
    expect((await call(server, 'POST', '/watch', { body })).status).toBe(status)
  }
})

test('the audit log is followed as it is written', async () => {
  const stream = await listen('/audit/follow')
  await put('shop/a')
  await stream.until(1)
  const write = stream.events.find(({ event }) => event === 'write')
  expect(write?.data).toMatchObject({ resource: 'shop/a', via: 'http', outcome: 'allowed' })
})

test('an actor has at most streamsPerActorMax streams, and one that ends makes room', async () => {
  const token = await server.token({ policies: ['admin'] })
  const { streamsPerActorMax, streamsMax } = LIMITS
  expect(streamsPerActorMax).toBeLessThan(streamsMax)
  const streams = []
  for (let i = 0; i < streamsPerActorMax; i++) {
    streams.push(await listen('/watch', { token, body: { paths: ['a'] } }))
  }
  const past = await call(server, 'POST', '/watch', { token, body: { paths: ['a'] } })
  expect(past).toMatchObject({ status: 429, json: { code: 'throttled' } })
  expect(past.headers.get('retry-after')).toBe('1')
  expect((await listen('/watch', { body: { paths: ['a'] } })).status).toBe(200)
  streams[0]!.stop()
  const again = async () => (await listen('/watch', { token, body: { paths: ['a'] } })).status
  await expect.poll(again, { timeout: 2_000, interval: 50 }).toBe(200)
})

test('a server that is stopped ends its streams', async () => {
  const stream = await listen('/events')
  await server.app.close()
  await expect(stream.over).resolves.toBeUndefined()
})
