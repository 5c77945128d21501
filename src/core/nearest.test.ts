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
