import { expect, test } from 'vitest'
import { compileConditions } from './conditions.ts'
import type { Conditions } from './policy.ts'

const at = (text: string): number => Date.parse(text)
const time = (conditions: Conditions, instant: string): boolean =>
  compileConditions(conditions).time(at(instant))

test('instants are inclusive at both ends', () => {
  const window = { notBefore: '2026-03-01T10:00:00+01:00', notAfter: at('2026-03-01T11:00:00Z') }
  expect(time(window, '2026-03-01T08:59:59.999Z')).toBe(false)
  expect(time(window, '2026-03-01T09:00:00.000Z')).toBe(true)
  expect(time(window, '2026-03-01T11:00:00.000Z')).toBe(true)
  expect(time(window, '2026-03-01T11:00:00.001Z')).toBe(false)
})

test('a time of day begins with its first minute and ends before its last', () => {
  const day = { timeOfDay: '08:00-17:30' }
  expect(time(day, '2026-03-01T07:59:59.999Z')).toBe(false)
  expect(time(day, '2026-03-01T08:00:00Z')).toBe(true)
  expect(time(day, '2026-03-01T17:29:59.999Z')).toBe(true)
  expect(time(day, '2026-03-01T17:30:00Z')).toBe(false)
})

test('a time of day may pass midnight', () => {
  const night = { timeOfDay: '22:00-06:00' }
  expect(time(night, '2026-03-01T22:00:00Z')).toBe(true)
  expect(time(night, '2026-03-02T00:00:00Z')).toBe(true)
  expect(time(night, '2026-03-02T05:59:00Z')).toBe(true)
  expect(time(night, '2026-03-02T06:00:00Z')).toBe(false)
  expect(time(night, '2026-03-02T21:59:00Z')).toBe(false)
})

test('weekdays are ISO and UTC, before 1970 too', () => {
  expect(time({ weekdays: [1] }, '2026-03-02T00:00:00Z')).toBe(true)
  expect(time({ weekdays: [7] }, '2026-03-01T23:59:59.999Z')).toBe(true)
  expect(time({ weekdays: [7] }, '2026-03-02T00:00:00Z')).toBe(false)
  expect(time({ weekdays: [3] }, '1969-12-31T12:00:00Z')).toBe(true)
  expect(time({ timeOfDay: '11:00-13:00' }, '1969-12-31T12:00:00Z')).toBe(true)
})

test('all given conditions must hold', () => {
  const both = { weekdays: [1], timeOfDay: '08:00-17:00' }
  expect(time(both, '2026-03-02T09:00:00Z')).toBe(true)
  expect(time(both, '2026-03-02T18:00:00Z')).toBe(false)
  expect(time(both, '2026-03-03T09:00:00Z')).toBe(false)
})

test('without conditions everything holds', () => {
  const none = compileConditions(undefined)
  expect([none.time(0), none.labels(undefined)]).toEqual([true, true])
})
