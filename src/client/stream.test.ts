import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import type { ChangeEvent } from '../core/ports/coffer.ts'
import { connectCoffer } from './connect.ts'
import { fakeServer, json, problem } from './test-fake.ts'
import type { FakeServer, Reply } from './test-fake.ts'
import { problemOf } from './wire/error.ts'

type Chunks = readonly string[]

/** A stream that says these and stays, or ends. */
const stream =
  (chunks: Chunks, then: 'stays' | 'ends' = 'stays', opened: ServerResponse[] = []): Reply =>
  (response) => {
    opened.push(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    for (const chunk of chunks) response.write(chunk)
    if (then === 'ends') response.end()
  }

const change = (n: number): string => {
  const data = { cursor: `c${n}`, at: n, action: 'write', path: 'a/b' }
  return `id: c${n}\nevent: write\ndata: ${JSON.stringify(data)}\n\n`
}

const connect = ({ url }: FakeServer) => connectCoffer({ address: url, token: 't', retries: 0 })

const gone = new CofferError('not_found', 'The log no longer has it.')
const down = new CofferError('unavailable', 'It restarts.')
const denied = new CofferError('denied', 'You may not.')
const errorEvent = (error: CofferError) =>
  `event: error\ndata: ${JSON.stringify(problemOf(error))}\n\n`

test('events go on where they broke off, each once', async () => {
  await using server = await fakeServer([
    stream(['id: c0\n\n'], 'ends'),
    stream([change(1), change(2)], 'ends'),
    problem(down),
    stream([change(3), errorEvent(down)], 'ends'),
    stream([change(4)]),
  ])
  await using coffer = connect(server)
  const heard: ChangeEvent[] = []
  const failed: unknown[] = []
  let began = ''
  coffer.events(
    { prefix: 'a' },
    (event) => heard.push(event),
    (error) => failed.push(error),
    (cursor) => (began += cursor),
  )
  await expect.poll(() => heard.length, { timeout: 4_000 }).toBe(4)
  expect(heard.map(({ cursor }) => cursor)).toEqual(['c1', 'c2', 'c3', 'c4'])
  expect(server.seen.map(({ headers }) => headers['last-event-id'])).toEqual([
    undefined,
    'c0',
    'c2',
    'c2',
    'c3',
  ])
  expect(began).toBe('c0')
  expect(failed).toEqual([])
})

test.each([
  ['a refusal', problem(denied), 'denied'],
  ['an error in the stream', stream([errorEvent(denied)]), 'denied'],
  [
    'a log without what follows',
    stream([`event: reset\ndata: ${JSON.stringify(problemOf(gone))}\n\n`]),
    'not_found',
  ],
  ['an event too large', stream([`data: ${'x'.repeat(70_000)}\n\n`]), 'too_large'],
] as const)('%s ends the events and is told once', async (_, reply, code) => {
  await using server = await fakeServer([reply])
  await using coffer = connect(server)
  const failed: unknown[] = []
  coffer.events(
    {},
    () => {},
    (error) => failed.push(error),
  )
  await expect.poll(() => failed.length).toBe(1)
  expect(failed[0]).toMatchObject({ code })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(failed).toHaveLength(1)
  expect(server.seen).toHaveLength(1)
})

test('an outage that lasts is told once, and is got over', async () => {
  const many = Array.from({ length: 4 }, () => problem(down))
  await using server = await fakeServer([...many, stream([change(1)])])
  await using coffer = connect(server)
  const heard: ChangeEvent[] = []
  const failed: unknown[] = []
  coffer.events(
    {},
    (event) => heard.push(event),
    (error) => failed.push(error),
  )
  await expect.poll(() => heard.length, { timeout: 8_000 }).toBe(1)
  expect(failed).toMatchObject([{ code: 'unavailable' }])
}, 10_000)

test('what is watched together is one stream; what comes later joins it without a gap', async () => {
  const opened: ServerResponse[] = []
  await using server = await fakeServer([stream([], 'stays', opened)])
  await using coffer = connect(server)
  const told: string[] = []
  const watch = (path: string) =>
    coffer.watch(
      path,
      () => told.push(path),
      (error) => told.push(String(error)),
    )
  const stops = ['a', 'b', '/c'].map(watch)
  await expect.poll(() => opened.length).toBe(1)
  expect(JSON.parse(server.seen[0]!.body)).toEqual({ paths: ['a', 'b', 'c'] })
  const change = (path: string) => `event: changed\ndata: {"path":"${path}"}\n\n`
  opened[0]?.write(change('b') + change('never asked for'))
  await expect.poll(() => told).toEqual(['b'])
  stops.push(watch('d'))
  await expect.poll(() => opened.length).toBe(2)
  expect(JSON.parse(server.seen[1]!.body)).toEqual({ paths: ['a', 'b', 'c', 'd'] })
  opened[0]?.write(change('a'))
  opened[1]?.write(change('d'))
  await expect.poll(() => told.toSorted()).toEqual(['a', 'b', 'd'])
  await expect.poll(() => opened[0]?.closed, { timeout: 3_000 }).toBe(true)
  expect(opened[1]?.closed).toBe(false)
  for (const stop of stops) stop()
  await expect.poll(() => opened[1]?.closed).toBe(true)
})

test('after a gap every path may have changed, and each is told of', async () => {
  await using server = await fakeServer([stream([], 'ends'), stream([])])
  await using coffer = connect(server)
  const told: string[] = []
  const failed = (error: unknown) => told.push(String(error))
  coffer.watch('a', () => told.push('a'), failed)
  coffer.watch('b', () => told.push('b'), failed)
  await expect.poll(() => told.toSorted(), { timeout: 2_000 }).toEqual(['a', 'b'])
})

test('one path that may not be read is refused to who watches it, and the others go on', async () => {
  const opened: ServerResponse[] = []
  const refusal = { path: 'b', error: problemOf(denied) }
  const first = `event: refused\ndata: ${JSON.stringify(refusal)}\n\n`
  await using server = await fakeServer([stream([first], 'stays', opened)])
  await using coffer = connect(server)
  const told: unknown[] = []
  coffer.watch(
    'a',
    () => told.push('a'),
    (error) => told.push(error),
  )
  coffer.watch(
    'b',
    () => told.push('b'),
    (error) => told.push(error),
  )
  await expect.poll(() => told).toMatchObject([{ code: 'denied' }])
  opened[0]?.write('event: changed\ndata: {"path":"a"}\n\n')
  await expect.poll(() => told).toHaveLength(2)
  expect(told[1]).toBe('a')
})

test('the audit log is followed over a gap: what was missed is asked for', async () => {
  const entry = (seq: number) => ({ seq, at: seq * 1_000, action: 'read', prev: '' })
  const entries = (...seqs: number[]) => seqs.map((n) => `data: ${JSON.stringify(entry(n))}\n\n`)
  await using server = await fakeServer([
    stream(entries(1, 2), 'ends'),
    stream(entries(4, 5)),
    json({ items: [2, 3, 4].map(entry) }),
  ])
  await using coffer = connect(server)
  const heard: number[] = []
  const stop = coffer.audit.follow(
    ({ seq }) => heard.push(seq),
    () => {},
  )
  await expect.poll(() => heard, { timeout: 2_000 }).toEqual([1, 2, 3, 4, 5])
  expect(server.seen[2]?.url).toBe('/api/v1/audit?since=2000&limit=10000')
  stop()
})

test('a refusal is told once, however often the stream is made anew', async () => {
  const refusal = { path: 'b', error: problemOf(denied) }
  const reply = stream([`event: refused\ndata: ${JSON.stringify(refusal)}\n\n`])
  await using server = await fakeServer([reply])
  await using coffer = connect(server)
  const told: unknown[] = []
  const ignore = () => {}
  coffer.watch('b', ignore, (error) => told.push(error))
  await expect.poll(() => told.length).toBe(1)
  coffer.watch('c', ignore, ignore)
  await expect.poll(() => server.seen.length).toBe(2)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(told).toHaveLength(1)
})

test('a stream that ended for good is told, and watching again begins anew', async () => {
  const opened: ServerResponse[] = []
  const refused = problem(new CofferError('unauthenticated', 'No.'))
  await using server = await fakeServer([refused, stream([], 'stays', opened)])
  await using coffer = connect(server)
  const told: unknown[] = []
  coffer.watch(
    'a',
    () => {},
    (error) => told.push(error),
  )
  await expect.poll(() => told).toMatchObject([{ code: 'unauthenticated' }])
  coffer.watch(
    'a',
    () => told.push('a'),
    () => {},
  )
  await expect.poll(() => opened.length).toBe(1)
  opened[0]?.write('event: changed\ndata: {"path":"a"}\n\n')
  await expect.poll(() => told.at(-1)).toBe('a')
})

test('streams that were overtaken before they stood are closed too', async () => {
  const opened: ServerResponse[] = []
  const slow: Reply = (response, seen, socket) =>
    void setTimeout(() => stream([], 'stays', opened)(response, seen, socket), 60)
  await using server = await fakeServer([slow])
  await using coffer = connect(server)
  const ignore = () => {}
  for (const path of ['a', 'b', 'c']) {
    coffer.watch(path, ignore, ignore)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await expect.poll(() => opened.length).toBe(3)
  const open = () => opened.map(({ closed }) => !closed)
  await expect.poll(open, { timeout: 4_000 }).toEqual([false, false, true])
})
