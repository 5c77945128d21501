import { expect, test } from 'vitest'
import { refusal } from '../../../testing/refusal.ts'
import { markOf, ownerOf } from './mark.ts'

test.each(['shop/prod', 'a b/ü', 'x.', 'From x/y', 'a/'.repeat(200)])(
  'the mark of %j is read back',
  (owner) => {
    const mark = markOf(owner, { path: 'p'.repeat(300), version: 7 })
    expect(mark.length).toBeLessThanOrEqual(500)
    expect(ownerOf(mark)).toBe(owner)
  },
)

test('what is no mark has no owner, and an owner without room is refused', () => {
  for (const text of [undefined, '', 'Delivered by Coffer for %zz.', 'by Coffer for a.']) {
    expect(ownerOf(text)).toBeUndefined()
  }
  expect(refusal(() => markOf('o'.repeat(500), { path: 'p' })).code).toBe('too_large')
})
