import { expect, it } from 'vitest'
import { AwsFault } from '../errors/fault.ts'
import { nextRotation } from './schedule.ts'

const NOW = Date.parse('2026-03-10T09:30:00Z') // a Tuesday

const next = (ScheduleExpression: string) =>
  new Date(nextRotation({ ScheduleExpression }, NOW) ?? 0).toISOString().slice(0, 16)

it.each([
  ['rate(4 hours)', '2026-03-10T13:30'],
  ['rate(1 day)', '2026-03-11T09:30'],
  ['rate(999 days)', '2028-12-03T09:30'],
  ['cron(0 8 1 * ? *)', '2026-04-01T08:00'],
  ['cron(0 0/8 * * ? *)', '2026-03-10T16:00'],
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
])('%s comes next at %s', (expression, at) => {
  expect(next(expression)).toBe(at)
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
  'cron(0 8 1 * ? 2020)',
  'cron(0 8 1 * ?)',
  'every day',
])('%s is no schedule', (expression) => {
  expect(() => next(expression)).toThrow(AwsFault)
})

it('days count from now; without rules there is no next time', () => {
  expect(nextRotation({ AutomaticallyAfterDays: 2 }, NOW)).toBe(NOW + 2 * 86_400_000)
  expect(nextRotation({}, NOW)).toBeUndefined()
  const both = { AutomaticallyAfterDays: 2, ScheduleExpression: 'rate(2 days)' }
  expect(() => nextRotation(both, NOW)).toThrow(AwsFault)
})
