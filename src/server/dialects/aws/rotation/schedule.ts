import { faults } from '../errors/faults.ts'
import type { Rules } from '../kept.ts'
import { nextOfCron, parseCron } from './cron.ts'

/** A rotation window, in milliseconds since 1970 UTC: AWS's `NextRotationDate` is its end. */
export interface Window {
  readonly opensAt: number
  readonly closesAt: number
}

/**
 * The first window that opens after `after`. Those of days open at midnight UTC and last until the day
 * ends; those of hours last one, and are counted from `anchor`, where one opened before, or else from
 * the midnight before `after`; a `Duration` is how long any of them lasts.
 * @throws AwsFault `InvalidParameterException` for rules that are none
 */
export function windowAfter(rules: Rules, after: number, anchor?: number): Window | undefined {
  const { AutomaticallyAfterDays: days, ScheduleExpression: expression, Duration } = rules
  if (days !== undefined && expression !== undefined) {
    throw faults.parameter(
      "You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.",
    )
  }
  const lengthMs = Duration === undefined ? undefined : Number.parseInt(Duration, 10) * HOUR_MS
  if (lengthMs !== undefined && !(lengthMs >= HOUR_MS && lengthMs <= DAY_MS)) throw badDuration()
  if (days !== undefined) return windowOfDays(days, after, lengthMs)
  if (expression === undefined) return undefined
  const [, count, unit] = RATE.exec(expression) ?? []
  return count !== undefined && unit !== undefined
    ? ofRate(Number(count), unit.startsWith('day'), { after, anchor, lengthMs })
    : ofCron(expression, after, lengthMs)
}

/** The window of a rotation `days` after something happened. */
export function windowOfDays(days: number, after: number, lengthMs = DAY_MS): Window {
  const opensAt = midnightOf(after) + days * DAY_MS
  return { opensAt, closesAt: closing(opensAt, lengthMs) }
}

interface From {
  readonly after: number
  readonly anchor: number | undefined
  readonly lengthMs: number | undefined
}

function ofRate(count: number, inDays: boolean, { after, anchor, lengthMs }: From): Window {
  const everyMs = count * (inDays ? DAY_MS : HOUR_MS)
  if (everyMs < 4 * HOUR_MS || everyMs > DAYS_MAX * DAY_MS) throw invalid()
  if (inDays) return windowOfDays(count, after, lengthMs)
  if (lengthMs !== undefined && lengthMs > everyMs) throw badDuration()
  const start = anchor ?? midnightOf(after)
  const opensAt = start + (Math.floor((after - start) / everyMs) + 1) * everyMs
  return { opensAt, closesAt: closing(opensAt, lengthMs ?? HOUR_MS) }
}

function ofCron(expression: string, after: number, lengthMs: number | undefined): Window {
  const cron = parseCron(expression)
  const opensAt = cron && nextOfCron(cron, after)
  if (cron === undefined || opensAt === undefined) throw invalid()
  if (lengthMs !== undefined && opensAt + lengthMs > midnightOf(opensAt) + DAY_MS) {
    throw badDuration()
  }
  return {
    opensAt,
    closesAt: closing(opensAt, lengthMs ?? (cron.hours.size > 1 ? HOUR_MS : DAY_MS)),
  }
}

/** No window lasts into the next day. */
const closing = (opensAt: number, lengthMs: number): number =>
  Math.min(opensAt + lengthMs, midnightOf(opensAt) + DAY_MS - SECOND_MS)

const midnightOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS

const invalid = () => faults.parameter('The ScheduleExpression in RotationRules is not valid.')
const badDuration = () =>
  faults.parameter(
    'The Duration in RotationRules is not valid: a window must end before the next one opens, and on the same UTC day.',
  )

const RATE = /^rate\((\d{1,5}) (hours?|days?)\)$/
const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const DAYS_MAX = 999
