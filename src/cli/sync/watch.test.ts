import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import type { ChangeEvent } from '../../core/ports/coffer.ts'
import { entriesOf, testCoffer, testWorld } from '../../engine/sync/test-coffer.ts'
import { ANY_PLACE, place } from '../../engine/sync/test-place.ts'
import type { PlaceFault } from '../../engine/sync/test-place.ts'
import type { Session } from '../session.ts'
import type { Syncing } from './open.ts'
import { keepInStep } from './watch.ts'

const PATH = 'shop/test/api/A'

// The code of sync is loaded late, which takes time of the real kind.
beforeAll(() => import('../../compose/sync.ts'))
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'Date'] }))
afterEach(() => vi.useRealTimers())

function setting() {
  const coffer = testCoffer()
  coffer.set(PATH, 'one')
  const faults = new Map<number, PlaceFault>()
  const there = place({ ...ANY_PLACE, faults })
  const stop = new AbortController()
  const streams: {
    after: string | undefined
    each: (event: ChangeEvent) => void
    failed: (error: unknown) => void
    stopped: boolean
  }[] = []
  const events = (
    { after }: { after?: string },
    each: (event: ChangeEvent) => void,
    failed: (error: unknown) => void,
    began: (cursor: string) => void,
  ) => {
    const stream = { after, each, failed, stopped: false }
    streams.push(stream)
    began('began')
    return () => void (stream.stopped = true)
  }
  Object.assign(coffer.coffer, { events })
  const said: string[] = []
  const say = (line: string) => void said.push(line)
  const session = {
    world: { now: () => 0 },
    out: { json: false, line: say, note: say, warn: say },
    platform: async () => ({ startSweeping: () => {} }),
  } as unknown as Session
  const target = { destination: there.destination, owner: 'shop/test', entries: entriesOf(['A']) }
  const places = [{ title: 'memory:place', names: new Set<string>(), target }]
  const syncing = { places, world: testWorld(coffer) } as unknown as Syncing
  const keep = (every = 0) =>
    keepInStep(session, syncing, { every, first: [], signal: stop.signal })
  const settle = async (ms = 400) => {
    await vi.advanceTimersByTimeAsync(ms)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const tell = (cursor: string) =>
    streams.at(-1)?.each({ cursor, at: 0, action: 'write', path: PATH })
  return { coffer, faults, keep, said, settle, stop, streams, tell, there }
}

test('a change is delivered; one of another secret wakes nobody', async () => {
  const { keep, settle, stop, streams, tell, there } = setting()
  const kept = keep()
  await settle()
  streams[0]?.each({ cursor: 'c0', at: 0, action: 'write', path: 'other' })
  await settle()
  expect(there.calls).toBe(0)
  tell('c1')
  await settle()
  expect(there.kept.get('A')?.text).toBe('one')
  stop.abort()
  expect(await kept).toBe(0)
  expect(streams.map(({ stopped }) => stopped)).toEqual([true])
})

test('a stream that breaks goes on where it was; one that lost its place has everything looked at', async () => {
  const { keep, settle, stop, streams, tell, there } = setting()
  const kept = keep()
  await settle()
  streams[0]?.failed(new CofferError('unavailable', 'It is gone.'))
  await settle(1_000)
  expect(streams.map(({ after }) => after)).toEqual([undefined, 'began'])
  tell('c1')
  await settle()
  expect(there.kept.size).toBe(1)
  streams[1]?.failed(new CofferError('unavailable', 'It is gone.'))
  await settle(1_000)
  expect(streams.at(-1)?.after).toBe('c1')
  there.put('A', 'by hand')
  streams[2]?.failed(new CofferError('not_found', 'The log has no more of it.'))
  await settle(1_000)
  expect(streams.at(-1)?.after).toBeUndefined()
  expect(there.kept.get('A')?.text).toBe('one')
  stop.abort()
  await kept
})

test('what failed is tried again, later and later, and told once; drift is looked for', async () => {
  const { coffer, faults, keep, said, settle, stop, tell, there } = setting()
  const kept = keep(60)
  await settle()
  for (const call of [1, 3, 5]) faults.set(call, 'refuse')
  tell('c1')
  await settle()
  expect([there.calls, there.kept.size]).toEqual([2, 0])
  await settle(1_000)
  expect(there.calls).toBe(4)
  await settle(1_000)
  expect(there.calls).toBe(4)
  await settle(1_100)
  expect(there.calls).toBe(6)
  await settle(4_000)
  expect(there.kept.get('A')?.text).toBe('one')
  expect(said.filter((line) => line.includes('failed'))).toHaveLength(1)
  there.put('A', 'by hand')
  await settle(61_000)
  expect(there.kept.get('A')?.text).toBe('one')
  expect(coffer.dead).toBe(false)
  stop.abort()
  await kept
})
