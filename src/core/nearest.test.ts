import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const KNOWN = ['list', 'label', 'rollback', 'rotate', 'history', 'undelete', 'delete']

test.each([
  ['lsit', 'list'],
  ['rotat', 'rotate'],
  ['rolback', 'rollback'],
  ['histroy', 'history'],
  ['hist', 'history'],
  ['delte', 'delete'],
  ['frobnicate', undefined],
  ['x', undefined],
])('%s means %s', (word, meant) => {
  expect(nearest(word, KNOWN)).toBe(meant)
})

/** Edits by their definition, for words so short that all can be tried. */
function editsBetween(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const [x, y] = [a.slice(1), b.slice(1)]
  if (a[0] === b[0]) return editsBetween(x, y)
  const isSwapped = a[0] === b[1] && a[1] === b[0] && a.length > 1
  const swapped = isSwapped ? editsBetween(a.slice(2), b.slice(2)) : Infinity
  return 1 + Math.min(editsBetween(x, b), editsBetween(a, y), editsBetween(x, y), swapped)
}

test('it is the one of the fewest edits, of those that are few enough', () => {
  const letters = fc.stringMatching(/^[ab/]{1,6}$/)
  fc.assert(
    fc.property(letters, fc.array(letters, { maxLength: 6 }), (word, known) => {
      const begun = known.find((one) => word.length >= 3 && one.startsWith(word))
      const most = Math.max(1, Math.floor(word.length / 3))
      const edits = known.map((one) => editsBetween(word, one))
      const least = Math.min(...edits, most + 1)
      const wanted = least > most ? undefined : known[edits.indexOf(least)]
      expect(nearest(word, known)).toBe(begun ?? wanted)
    }),
    { seed: 8, numRuns: 300 },
  )
})
