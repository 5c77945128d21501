import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBelow } from '../path.ts'
import { compileAccess, decide } from './decide.ts'
import type { Policy } from './policy.ts'
import { compareUtf8 } from '../utf8-order.ts'
import { listRanges } from './ranges.ts'
import type { PathRange } from './ranges.ts'

const AT = Date.UTC(2026, 0, 7, 12)

const allow = (paths: string[], combine: Policy['combine'] = 'denyWins'): Policy => ({
  name: 'p',
  combine,
  rules: [{ effect: 'allow', actions: ['list'], paths }],
})
const ranges = (paths: string[], prefix = '', combine?: Policy['combine']): PathRange[] =>
  listRanges(compileAccess({ policies: [allow(paths, combine)] }), 'list', prefix, AT)
const holds = (within: PathRange[], path: string): boolean =>
  within.some(
    ({ from, before }) =>
      compareUtf8(from, path) <= 0 && (before === undefined || compareUtf8(path, before) < 0),
  )

test('ten paths are ten points, not a scan', () => {
  const paths = Array.from({ length: 10 }, (_, i) => `shop/${i}/a`)
  expect(ranges(paths)).toEqual(paths.map((path) => ({ from: path, before: `${path}\0` })))
})

test('a subtree is its root and what lies below, not its neighbours', () => {
  expect(ranges(['a/b/**'])).toEqual([
    { from: 'a/b', before: 'a/b\0' },
    { from: 'a/b/', before: 'a/b0' },
  ])
  expect(ranges(['a/b*'])).toEqual([{ from: 'a/b', before: 'a/c' }])
  expect(ranges(['**'])).toEqual([{ from: '', before: undefined }])
  expect(ranges(['*/x'])).toEqual([{ from: '', before: undefined }])
})

test('the wanted prefix narrows', () => {
  expect(ranges(['**'], 'a/b')).toEqual([
    { from: 'a/b', before: 'a/b\0' },
    { from: 'a/b/', before: 'a/b0' },
  ])
  expect(ranges(['a/**', 'b/**'], 'b/x')).toEqual(ranges(['**'], 'b/x'))
  expect(ranges(['a/b/c'], 'a')).toEqual([{ from: 'a/b/c', before: 'a/b/c\0' }])
  expect(ranges(['a/b/c'], 'b')).toEqual([])
})

test('overlapping ranges become one', () => {
  expect(ranges(['a/*', 'a/b', 'a/b*', 'a/**/z'])).toEqual([{ from: 'a/', before: 'a0' }])
})

test('only rules for this action, of secrets, at this time open a range', () => {
  const policy: Policy = {
    name: 'p',
    rules: [
      { effect: 'allow', actions: ['read'], paths: ['a'] },
      { effect: 'allow', actions: ['*'], paths: ['policy:**'] },
      { effect: 'deny', actions: ['list'], paths: ['b'] },
      { effect: 'allow', actions: ['list'], paths: ['c'], conditions: { notBefore: AT + 1 } },
    ],
  }
  expect(listRanges(compileAccess({ policies: [policy] }), 'list', '', AT)).toEqual([])
})

test('characters at the edges of Unicode', () => {
  const last = String.fromCodePoint(0x10ffff)
  expect(ranges([`a${last}*`])).toEqual([{ from: `a${last}`, before: 'b' }])
  expect(ranges([`${last}*`])).toEqual([{ from: last, before: undefined }])
  expect(ranges(['\ud7ff*'])).toEqual([{ from: '\ud7ff', before: '\ue000' }])
})

const isLess = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && (b === undefined || compareUtf8(a, b) < 0)

const names = ['a', 'b', 'ab', 'a0', '\uffee', '😀', 'a😀']
const segments = (from: string[]) =>
  fc.array(fc.constantFrom(...from), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))

test('whatever may be listed lies in a range, and ranges are sorted and apart', () => {
  let listed = 0
  fc.assert(
    fc.property(
      fc.array(segments([...names, '*', '**', 'a*', '*b', '😀*']), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(undefined, 'mostSpecific' as const),
      fc.oneof(fc.constant(''), segments(names)),
      fc.array(segments(names), { minLength: 10, maxLength: 10 }),
      (patterns, combine, prefix, paths) => {
        const access = compileAccess({ policies: [allow(patterns, combine)] })
        const found = listRanges(access, 'list', prefix, AT)
        for (const path of paths) {
          const allowed = decide(access, { action: 'list', path, at: AT }).allowed
          if (!allowed || !isBelow(path, prefix)) continue
          listed++
          expect(holds(found, path), `${path} in ${JSON.stringify(found)}`).toBe(true)
        }
        const ends = found.flatMap(({ from, before }) => [from, before])
        expect(ends.slice(0, -1)).not.toContain(undefined)
        const ascending = ends.slice(1).every((end, k) => isLess(ends[k], end))
        expect(ascending, JSON.stringify(found)).toBe(true)
      },
    ),
    { seed: 11, numRuns: 2_000 },
  )
  expect(listed).toBeGreaterThan(1_000)
})
