import { expect, test } from 'vitest'
import { versionIdOf } from '../staging/version-ids.ts'
import { suffixOf } from './arn.ts'
import { createKnownNames } from './known.ts'

test('names that are known are those that are derived, also of more secrets than are kept', () => {
  const names = createKnownNames(2)
  for (const id of ['a', 'b', 'c', 'a', 'c', 'b']) {
    expect(names.suffix(id)).toBe(suffixOf(id))
    for (const number of [1, 2, 2, 1]) {
      expect(names.versionId(id, { number })).toBe(versionIdOf(id, { number }))
    }
  }
})

test('a version that was given an id has that one, and the others keep theirs', () => {
  const names = createKnownNames()
  const derived = versionIdOf('a', { number: 1 })
  expect(names.versionId('a', { number: 1 })).toBe(derived)
  expect(names.versionId('a', { number: 1, ids: { aws: 'given' } })).toBe('given')
  expect(names.versionId('a', { number: 1, ids: { other: 'x' } })).toBe(derived)
})
