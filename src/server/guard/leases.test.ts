import { expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { createBuckets, LEASE_MS } from './buckets.ts'
import { createLeasedAuthority } from './leased-authority.ts'
import type { AuthorityChannel } from './leased-authority.ts'
import { ratesOf } from './rates.ts'

/** Workers on one clock, with a primary that answers some turns later. */
function fleet(limit: string, workers: number) {
  let now = 0
  let questions = 0
  const clock = () => now
  const rates = ratesOf([limit])
  const buckets = createBuckets(rates, { clock, keysMax: 100, workers: () => workers })
  const channelOf = (worker: number): AuthorityChannel => ({
    lease: async (name, key, want) => {
      questions += 1
      await new Promise((resolve) => setImmediate(resolve))
      return buckets.lease(worker, name, key, want)
    },
    lockedMs: async () => 0,
    loginEnded() {},
    refused() {},
  })
  const authorities = Array.from({ length: workers }, (_, worker) =>
    createLeasedAuthority(channelOf(worker), { rates, clock }),
  )
  return {
    buckets,
    authorities,
    advance: (ms: number) => void (now += ms),
    questions: () => questions,
  }
}

/** A small generator with a seed: the same cases each time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    return state / 0x7fffffff
  }
}

test('ten a second are ten in all, however many workers ask', async () => {
  const { authorities } = fleet('read=10:10', 4)
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => authorities[i % 4]?.take('read', 'a')),
  )
  expect(answers.filter((waitMs) => waitMs === 0)).toHaveLength(10)
})

test('in no span of time do the workers admit more than the burst and what came in since', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seeded(seed)
    const [perSecond, burst] = [1 + Math.floor(random() * 50), 1 + Math.floor(random() * 40)]
    const { authorities, advance } = fleet(`read=${perSecond}:${burst}`, 3)
    const admittedAt: number[] = []
    let now = 0
    for (let step = 0; step < 300; step++) {
      const ms = Math.floor(random() * (random() < 0.05 ? 3_000 : 60))
      advance(ms)
      now += ms
      const answers = await Promise.all(
        Array.from({ length: Math.floor(random() * 8) }, async () =>
          authorities[Math.floor(random() * 3)]?.take('read', 'a'),
        ),
      )
      for (const waitMs of answers) if (waitMs === 0) admittedAt.push(now)
    }
    const beyond = admittedAt.map((from, i) =>
      Math.max(
        ...admittedAt.slice(i).map((at, n) => n + 1 - burst - (perSecond * (at - from)) / 1_000),
      ),
    )
    expect(Math.max(...beyond)).toBeLessThan(1e-6)
    expect(admittedAt.length).toBeGreaterThan(burst)
  }
})

test('with plenty left a worker asks rarely, and else answers without a wait', async () => {
  const { authorities, questions } = fleet('read=50000:100000', 2)
  await authorities[0]?.take('read', 'a')
  for (let i = 0; i < 10_000; i++) expect(authorities[0]?.take('read', 'a')).toBe(0)
  expect(questions()).toBe(1)
})

test('a worker that was refused asks no more until there can be some', async () => {
  const { authorities, questions, advance } = fleet('read=1:1', 2)
  expect(await authorities[0]?.take('read', 'a')).toBe(0)
  expect(await authorities[1]?.take('read', 'a')).toBe(1_000)
  const before = questions()
  for (let i = 0; i < 100; i++) expect(authorities[1]?.take('read', 'a')).toBe(1_000)
  expect(questions()).toBe(before)
  advance(1_000)
  expect(await authorities[1]?.take('read', 'a')).toBe(0)
})

test('what a dead worker held comes back, and a lease ends after LEASE_MS', () => {
  const { buckets, advance } = fleet('read=1000:100', 1)
  expect(buckets.lease(7, 'read', 'a', 100).tokens).toBe(100)
  advance(LEASE_MS / 2)
  expect(buckets.take('read', 'a')).toBeGreaterThan(0)
  advance(LEASE_MS / 2)
  expect(buckets.take('read', 'a')).toBe(0)
  expect(buckets.lease(7, 'read', 'b', 100).tokens).toBe(100)
  buckets.forget(7)
  advance(50)
  expect(buckets.lease(8, 'read', 'b', 100).tokens).toBe(50)
})

test('at most keysMax buckets are kept, and a flood of others does not refill a busy one', () => {
  let now = 0
  const keysMax = 1_000
  expect(keysMax).toBeLessThan(LIMITS.guardKeysMax)
  const buckets = createBuckets(ratesOf(['read=1:5']), { clock: () => now, keysMax })
  for (let i = 0; i < 5; i++) expect(buckets.take('read', 'busy')).toBe(0)
  for (let i = 0; i < 10 * keysMax; i++) {
    buckets.take('read', `flood-${i}`)
    if (i % 100 === 0) expect(buckets.take('read', 'busy')).toBeGreaterThan(0)
  }
  now += 1_000
  expect(buckets.take('read', 'busy')).toBe(0)
})
