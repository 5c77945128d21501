import { expect, test } from 'vitest'
import { durationDays, durationMs, instant, shownAge } from './time.ts'

const NOW = Date.UTC(2027, 0, 15)

test('durations have one unit', () => {
  expect(durationMs('90s', 'x')).toBe(90_000)
  expect(durationMs('2w', 'x')).toBe(14 * 86_400_000)
  expect(durationDays('30', 'x')).toBe(30)
  expect(durationDays('1y', 'x')).toBe(365)
  for (const bad of ['', '1', '1.5d', '-1d', '1d2h', '1D', '9999999d']) {
    expect(() => durationMs(bad, 'x')).toThrow('--x')
  }
  expect(() => durationDays('12h', 'x')).toThrow('whole days')
})

test('instants are ISO 8601 with a zone, a date, or a duration from now', () => {
  expect(instant('30d', 'x', NOW, 1)).toBe(NOW + 30 * 86_400_000)
  expect(instant('1d', 'x', NOW, -1)).toBe(NOW - 86_400_000)
  expect(instant('2027-02-01', 'x', NOW, 1)).toBe(Date.UTC(2027, 1, 1))
  expect(instant('2027-02-01T10:00+02:00', 'x', NOW, 1)).toBe(Date.UTC(2027, 1, 1, 8))
  for (const bad of [
    '2027-02-30',
    '2027-13-01',
    'tomorrow',
    '2027-02-01T10:00',
    '01/02/2027',
    '1700000000000',
  ]) {
    expect(() => instant(bad, 'x', NOW, 1)).toThrow('--x')
  }
})

test('ages are short', () => {
  expect([0, 61_000, 3_700_000, 90_000_000].map(shownAge)).toEqual(['now', '1m', '1h', '1d'])
})
