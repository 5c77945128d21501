import { faults } from '../errors/faults.ts'
import type { Rules } from '../kept.ts'
import { nextOfCron, parseCron } from './cron.ts'

/**
 * When the next rotation is due, in milliseconds since 1970 UTC.
 * @throws AwsFault `InvalidParameterException` for rules that are none
 */
export function nextRotation(rules: Rules, now: number): number | undefined {
  const { AutomaticallyAfterDays: days, ScheduleExpression: expression } = rules
  if (days !== undefined && expression !== undefined) {
    throw faults.parameter(
      "You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.",
    )
  }
  if (days !== undefined) return now + days * DAY_MS
  if (expression === undefined) return undefined
  const [, count, unit] = RATE.exec(expression) ?? []
  if (count !== undefined && unit !== undefined) {
    const everyMs = Number(count) * (unit.startsWith('day') ? DAY_MS : HOUR_MS)
    if (everyMs < 4 * HOUR_MS || everyMs > DAYS_MAX * DAY_MS) throw invalid()
    return now + everyMs
  }
  const cron = parseCron(expression)
  if (cron === undefined) throw invalid()
  const next = nextOfCron(cron, now)
  if (next === undefined) throw invalid()
  return next
}

const invalid = () => faults.parameter('The ScheduleExpression in RotationRules is not valid.')

const RATE = /^rate\((\d{1,5}) (hours?|days?)\)$/
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const DAYS_MAX = 999
