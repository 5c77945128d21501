import { expect, it } from 'vitest'
import { goDuration, parseSeconds } from './duration.ts'

it.each([
  [90, 90],
  ['90', 90],
  ['1h30m', 5_400],
  ['-1s', -1],
  ['2d', 172_800],
  ['1.5h', 5_400],
  ['500ms', 0],
  ['3h25m19s', 12_319],
  ['', 0],
  [null, 0],
  [0, 0],
])('reads %j as %i seconds', (given, seconds) => {
  expect(parseSeconds('ttl', given)).toBe(seconds)
})

it.each(['x', '1', '5 m', '1h-', 'h', '1y', '-', {}, [], true, Number.NaN, 1e300, '1'.repeat(65)])(
  'refuses %j unless it is a number',
  (given) => {
    if (given === '1') expect(parseSeconds('ttl', given)).toBe(1)
    else expect(() => parseSeconds('ttl', given)).toThrow('ttl')
  },
)

it('prints as Go does', () => {
  const printed = [0, 1, 60, 61, 3_600, 12_319, -1].map(goDuration)
  expect(printed).toEqual(['0s', '1s', '1m0s', '1m1s', '1h0m0s', '3h25m19s', '-1s'])
})
