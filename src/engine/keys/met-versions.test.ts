import { expect, test } from 'vitest'
import { MetVersions } from './met-versions.ts'

const idOf = (n: number): string => n.toString(16).padStart(32, '0')
const several = (count: number, path: string) =>
  Array.from({ length: count }, (_, n) => ({ id: idOf(n), version: 1, path: `${path}/${n}` }))

test('knows a version by its id, its number and its path', () => {
  const met = new MetVersions()
  const one = { id: idOf(7), version: 3, path: 'shop/db' }
  expect(met.has(one)).toBe(false)
  met.add(one)
  expect(met.has({ ...one })).toBe(true)
  expect(met.has({ ...one, id: idOf(8) })).toBe(false)
  expect(met.has({ ...one, version: 2 })).toBe(false)
  expect(met.has({ ...one, path: 'shop/dc' })).toBe(false)
  expect(met.has({ ...one, id: '', path: '' })).toBe(false)
})

test('forgets some where places are the same, and takes none for another', () => {
  const met = new MetVersions()
  const [added, others] = [several(50_000, 'a'), several(50_000, 'b')]
  for (const one of added) met.add(one)
  const known = added.filter((one) => met.has(one)).length
  // Of 50,000 in 2^21 places some 600 are overwritten.
  expect(known).toBeGreaterThan(49_000)
  expect(known).toBeLessThan(50_000)
  expect(others.filter((one) => met.has(one))).toEqual([])
})
