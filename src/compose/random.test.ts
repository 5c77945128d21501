import { expect, test } from 'vitest'
import { pooledRandom } from './random.ts'

test('draws have the asked length, are fresh memory, and never come again', () => {
  const random = pooledRandom()
  const seen = new Set<string>()
  for (let i = 0; i < 5_000; i++) {
    const drawn = random([12, 56, 16, 32, 300][i % 5] ?? 12)
    expect(drawn.buffer.byteLength).toBe(drawn.length)
    seen.add(Buffer.from(drawn.subarray(0, 12)).toString('hex'))
    drawn.fill(0)
  }
  expect(seen.size).toBe(5_000)
  expect(random(0)).toHaveLength(0)
  expect(random(1_024)).toHaveLength(1_024)
})

test('every bit is as often set as not', () => {
  const random = pooledRandom()
  const set = Array.from({ length: 8 }, () => 0)
  for (let i = 0; i < 4_000; i++) {
    for (const byte of random(8)) set.forEach((_, bit) => (set[bit]! += (byte >> bit) & 1))
  }
  // 32,000 coins each: six standard deviations are 537.
  for (const count of set) expect(Math.abs(count - 16_000)).toBeLessThan(540)
})
