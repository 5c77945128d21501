import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import { createLargeAnswers } from './large.ts'

const answer = () => new EventEmitter() as ServerResponse

test('an actor whose clients do not read is sent one large answer at least, and no more than a few', () => {
  const large = createLargeAnswers()
  const text = 'x'.repeat(LIMITS.unreadCharsPerActorMax / 2 + 1)
  const first = answer()
  large.send('service:a', text, first)
  const refusal = expect.objectContaining({
    code: 'throttled',
    details: { limit: 'unread', retryAfterSeconds: 1 },
  })
  expect(() => large.send('service:a', text, answer())).toThrow(refusal)
  large.send('service:a', 'short', answer())
  large.send('service:b', text, answer())
  first.emit('close')
  large.send('service:a', text + text, answer())
  expect(() => large.send('service:a', text, answer())).toThrow(refusal)
})

test('four are made at a time, and one that fails makes room as well', async () => {
  const large = createLargeAnswers()
  const ends: (() => void)[] = []
  let begun = 0
  const all = Array.from({ length: 7 }, (_, i) =>
    large.make(async () => {
      begun += 1
      await new Promise<void>((end) => void ends.push(end))
      if (i === 0) throw new Error('no')
      return i
    }),
  )
  const settled = Promise.allSettled(all)
  await new Promise(setImmediate)
  expect(begun).toBe(4)
  for (let i = 0; i < all.length; i++) {
    await expect.poll(() => ends.length).toBeGreaterThan(i)
    expect(begun - i).toBeLessThanOrEqual(4)
    ends[i]!()
  }
  expect((await settled).map(({ status }) => status)).toEqual([
    'rejected',
    ...Array.from({ length: 6 }, () => 'fulfilled'),
  ])
  await large.make(async () => {})
})
