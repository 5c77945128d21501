import { expect, test } from 'vitest'
import { seededRandom } from '../testing/seeded-random.ts'
import { createRequestIds } from './request-ids.ts'

test('every request has another name, of 12 characters that no log has to escape', () => {
  const next = createRequestIds(seededRandom('requests'))
  const names = Array.from({ length: 10_000 }, next)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{12}$/)
})
