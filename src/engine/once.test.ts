import { expect, test } from 'vitest'
import { once } from './once.ts'

test('what was made is kept, and what failed is tried again', async () => {
  let calls = 0
  const made = once(async () => {
    calls += 1
    if (calls === 1) throw new Error('too many open files')
    return calls
  })
  const [first, second] = await Promise.allSettled([made(), made()])
  expect([first.status, second.status]).toEqual(['rejected', 'rejected'])
  expect([await made(), await made()]).toEqual([2, 2])
})
