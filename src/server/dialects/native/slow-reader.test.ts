import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import type { Call } from './route.ts'
import { createStreams } from './streams.ts'
import type { EventStream } from './streams.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A response that a client reads only when it is told to. */
class Slow extends EventEmitter {
  writableLength = 0
  text = ''
  destroyed = false

  setHeader(): void {}
  flushHeaders(): void {}
  writeHead(): this {
    return this
  }
  write(text: string): void {
    this.text += text
    this.writableLength += text.length
  }
  read(): void {
    this.writableLength = 0
    this.emit('drain')
  }
  end(): void {
    this.emit('close')
  }
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

function open(actor: string, raw = new Slow(), good = () => true) {
  const call = {
    session: { actor },
    request: { id: 'r', ip: '127.0.0.1', headers: { authorization: 'Bearer x' } },
    reply: { raw, hijack() {}, getHeaders: () => ({}) },
    server: {
      gate: {
        platform: () => ({
          identities: { authenticate: async () => (good() ? { actor } : undefined) },
        }),
      },
    },
  } as unknown as Call
  return { call, raw }
}

async function follow(streams = createStreams(), opened = open('service:a')) {
  let stream: EventStream | undefined
  let stops = 0
  await streams.follow(opened.call, (given) => {
    stream = given
    given.begin()
    return () => (stops += 1)
  })
  return { stream: stream!, raw: opened.raw, stops: () => stops }
}

test('a client is behind from streamBufferBytesMax on, and is told the rest when it has read', async () => {
  const { stream, raw } = await follow()
  const frame = 'event: e\ndata: {"x":""}\n\n'.length
  const fits = 'x'.repeat(LIMITS.streamBufferBytesMax - frame)
  expect(stream.send({ event: 'e', data: { x: fits } })).toBe(true)
  expect(stream.send({ event: 'e', data: {} })).toBe(false)
  let told = 0
  stream.drained(() => (told += 1))
  raw.read()
  expect(told).toBe(1)
  await vi.advanceTimersByTimeAsync(LIMITS.streamStallTimeoutMs * 2)
  expect(raw.destroyed).toBe(false)
})

test('one that reads nothing for streamStallTimeoutMs is cut off', async () => {
  const { stream, raw, stops } = await follow()
  stream.drained(() => {})
  await vi.advanceTimersByTimeAsync(LIMITS.streamStallTimeoutMs - 1)
  expect(raw.destroyed).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect([raw.destroyed, stops()]).toEqual([true, 1])
})

test('a quiet stream says that it is alive, and ends with its token', async () => {
  let good = true
  const { raw, stops } = await follow(
    createStreams(),
    open('service:a', new Slow(), () => good),
  )
  await vi.advanceTimersByTimeAsync(15_000)
  expect(raw.text).toBe(':\n\n')
  good = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(stops()).toBe(1)
})

test('there are at most streamsMax streams', async () => {
  const streams = createStreams()
  const opened = []
  for (let i = 0; i < LIMITS.streamsMax; i++) {
    opened.push(await follow(streams, open(`service:${Math.floor(i / LIMITS.streamsPerActorMax)}`)))
  }
  await expect(follow(streams, open('service:x'))).rejects.toMatchObject({ code: 'throttled' })
  opened[0]!.raw.destroy()
  expect((await follow(streams, open('service:x'))).stops()).toBe(0)
  streams.close()
  expect(opened.every(({ stops }) => stops() === 1)).toBe(true)
})
