import { expect, it } from 'vitest'
import { AwsFault } from '../errors/fault.ts'
import type { Rules } from '../kept.ts'
import { windowAfter } from './schedule.ts'

const NOW = Date.parse('2026-03-10T09:30:00Z') // a Tuesday

const instant = (at: number | undefined) => new Date(at ?? 0).toISOString().slice(0, 19)
const windowOf = (rules: Rules, anchor?: number) => {
  const { opensAt, closesAt } = windowAfter(rules, NOW, anchor) ?? {}
  return [instant(opensAt), instant(closesAt)]
}
const opening = (ScheduleExpression: string) => windowOf({ ScheduleExpression })[0]?.slice(0, 16)

it.each([
  ['rate(4 hours)', '2026-03-10T12:00'],
  ['rate(12 hours)', '2026-03-10T12:00'],
  ['rate(30 hours)', '2026-03-11T06:00'],
  ['rate(1 day)', '2026-03-11T00:00'],
  ['rate(999 days)', '2028-12-03T00:00'],
  ['cron(0 8 1 * ? *)', '2026-04-01T08:00'],
  ['cron(0 0/8 * * ? *)', '2026-03-10T16:00'],
  ['cron(0 /4 * * ? *)', '2026-03-10T12:00'],
  ['cron(0 10 ? * * *)', '2026-03-10T10:00'],
  ['cron(30 9 ? * * *)', '2026-03-11T09:30'],
  ['cron(0 1 ? * SUN *)', '2026-03-15T01:00'],
  ['cron(0 1 ? * MON-FRI *)', '2026-03-11T01:00'],
  ['cron(0 1 ? * 3#2 *)', '2026-04-14T01:00'],
  ['cron(0 1 ? * 6L *)', '2026-03-27T01:00'],
  ['cron(0 1 L * ? *)', '2026-03-31T01:00'],
  ['cron(0 16 1 JAN,JUL ? *)', '2026-07-01T16:00'],
  ['cron(0 12 29 2 ? *)', '2028-02-29T12:00'],
  ['cron(0 12 1 1 ? 2029)', '2029-01-01T12:00'],
])('%s opens next at %s', (expression, at) => {
  expect(opening(expression)).toBe(at)
})

it.each([
  [{ AutomaticallyAfterDays: 2 }, '2026-03-12T23:59:59'],
  [{ AutomaticallyAfterDays: 2, Duration: '3h' }, '2026-03-12T03:00:00'],
  [{ ScheduleExpression: 'rate(2 days)', Duration: '24h' }, '2026-03-12T23:59:59'],
  [{ ScheduleExpression: 'rate(4 hours)' }, '2026-03-10T13:00:00'],
  [{ ScheduleExpression: 'rate(4 hours)', Duration: '4h' }, '2026-03-10T16:00:00'],
  [{ ScheduleExpression: 'cron(0 8 1 * ? *)' }, '2026-04-01T23:59:59'],
  [{ ScheduleExpression: 'cron(0 0/8 * * ? *)' }, '2026-03-10T17:00:00'],
  [{ ScheduleExpression: 'cron(0 22 * * ? *)', Duration: '2h' }, '2026-03-10T23:59:59'],
])('a window closes when its length is over, on its day: %o', (rules, at) => {
  expect(windowOf(rules)[1]).toBe(at)
})

it('hours go on from a window that opened before', () => {
  const rules = { ScheduleExpression: 'rate(7 hours)' }
  expect(windowOf(rules, Date.parse('2026-03-10T02:00Z'))[0]).toBe('2026-03-10T16:00:00')
  expect(windowOf(rules, Date.parse('2026-03-10T12:00Z'))[0]).toBe('2026-03-10T12:00:00')
})

it.each([
  { ScheduleExpression: 'rate(4 hours)', Duration: '5h' },
  { ScheduleExpression: 'rate(4 days)', Duration: '25h' },
  { ScheduleExpression: 'cron(0 22 * * ? *)', Duration: '3h' },
  { AutomaticallyAfterDays: 1, Duration: '0h' },
  { AutomaticallyAfterDays: 2, ScheduleExpression: 'rate(2 days)' },
])('no window: %o', (rules) => {
  expect(() => windowAfter(rules, NOW)).toThrow(AwsFault)
})

it.each([
  'rate(3 hours)',
  'rate(1000 days)',
  'rate(0 days)',
  'rate(10 weeks)',
  'cron(0 8 1 * 1 *)',
  'cron(60 8 1 * ? *)',
  'cron(0 24 1 * ? *)',
  'cron(0 8 32 * ? *)',
  'cron(0 8 30 2 ? *)',
  'cron(0 8 1 13 ? *)',
  'cron(0 8 5-1 * ? *)',
  'cron(0 8 1/0 * ? *)',
  'cron(0 / * * ? *)',
  'cron(0 -8 * * ? *)',
  'cron(0 8 1 * ? 2020)',
  'cron(0 8 1 * ?)',
  'every day',
])('%s is no schedule', (expression) => {
  expect(() => opening(expression)).toThrow(AwsFault)
})

it('without rules there is no next time', () => {
  expect(windowAfter({}, NOW)).toBeUndefined()
})
