import { MessageChannel } from 'node:worker_threads'
import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import { refusalOf } from '../../testing/refusal.ts'
import type { Methods } from './peer.ts'
import { createPeer } from './peer.ts'

type Sums = {
  add(a: number, b: number): Promise<number>
  bytes(given: Uint8Array): Uint8Array
  nothing(): undefined
  fail(how: string): never
  silent(): Promise<never>
}

function pair(timeoutMs?: number) {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  const told: number[] = []
  const methods: Sums & { tell(n: number): void } = {
    add: async (a, b) => a + b,
    bytes: (given) => given.map((byte) => byte ^ 1),
    nothing: () => undefined,
    fail: (how) => {
      if (how === 'ours') {
        throw new CofferError('denied', 'No.', { remedy: 'Ask.', details: { wanted: 1 } })
      }
      throw new TypeError(how)
    },
    silent: () => new Promise(() => {}),
    tell: (n) => void told.push(n),
  }
  const over = (port: typeof port1) => ({
    send: (message: unknown) => port.postMessage(message),
    onMessage: (listener: (message: unknown) => void) => void port.on('message', listener),
  })
  createPeer(over(port2), methods as Methods)
  return { peer: createPeer<typeof methods>(over(port1), {}, timeoutMs), told }
}

test('a call is answered, bytes and nothing included, each by its own answer', async () => {
  const { peer, told } = pair()
  const sums = await Promise.all(Array.from({ length: 50 }, (_, i) => peer.ask('add', i, 1)))
  expect(sums).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
  expect(await peer.ask('bytes', new Uint8Array([0, 255]))).toEqual(new Uint8Array([1, 254]))
  expect(await peer.ask('nothing')).toBeUndefined()
  peer.tell('tell', 7)
  await peer.ask('nothing')
  expect(told).toEqual([7])
})

test('our errors come whole, of any other nothing comes but that it was one', async () => {
  const { peer } = pair()
  const ours = await refusalOf(() => peer.ask('fail', 'ours'))
  expect(ours.toJSON()).toEqual({
    code: 'denied',
    message: 'No.',
    remedy: 'Ask.',
    details: { wanted: 1 },
  })
  const canary = randomBytes(8).toString('hex')
  const other = await refusalOf(() => peer.ask('fail', canary))
  expect(other.code).toBe('internal')
  expect(JSON.stringify(other)).not.toContain(canary)
  const unknown = await refusalOf(() => peer.ask('toString' as 'nothing'))
  expect(unknown.code).toBe('internal')
})

test('who is not answered in time, or loses the other side, is told so', async () => {
  const { peer } = pair(20)
  expect((await refusalOf(() => peer.ask('silent'))).code).toBe('timeout')
  const waiting = refusalOf(() => peer.ask('silent'))
  peer.end()
  expect((await waiting).code).toBe('unavailable')
  expect((await refusalOf(() => peer.ask('nothing'))).code).toBe('unavailable')
})
