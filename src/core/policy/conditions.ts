import { CofferError } from '../errors.ts'
import { compilePattern } from './pattern.ts'
import type { Conditions } from './policy.ts'

/** What the conditions of a rule are asked about. */
export interface Moment {
  /** Milliseconds since 1970 UTC. */
  readonly at: number
  /** All labels of the version that is meant; absent or empty: none. */
  readonly labels?: readonly string[] | undefined
  /** Where a value is delivered; absent: nowhere. */
  readonly destination?: string | undefined
}

/** Each answers whether it holds; absent conditions hold always. */
export interface CompiledConditions {
  time(at: number): boolean
  labels(labels: readonly string[] | undefined): boolean
  /** Absent where the rule names no destinations. */
  readonly destinations?: ((destination: string | undefined) => boolean) | undefined
}

/**
 * Compiles conditions that `parsePolicy` has accepted.
 *
 * Instants are inclusive at both ends. A time of day begins with its first minute and ends before
 * its last one; past midnight, the weekday is that of the instant itself. A `labels` condition
 * holds when at least one label of the version is listed, so never without a label. A
 * `destinations` condition never holds of what is not delivered.
 *
 * @throws CofferError `invalid_policy`, `invalid_pattern`
 */
export function compileConditions(conditions: Conditions | undefined): CompiledConditions {
  const { notBefore, notAfter, timeOfDay, weekdays, labels, destinations } = conditions ?? {}
  const tests: ((at: number) => boolean)[] = []
  if (notBefore !== undefined) {
    const from = parseInstant(notBefore)
    tests.push((at) => at >= from)
  }
  if (notAfter !== undefined) {
    const until = parseInstant(notAfter)
    tests.push((at) => at <= until)
  }
  if (timeOfDay !== undefined) {
    const { from, before } = parseTimeOfDay(timeOfDay)
    tests.push((at) => {
      const now = minuteOfDay(at)
      return from < before ? now >= from && now < before : now >= from || now < before
    })
  }
  if (weekdays !== undefined) {
    const days = new Set(weekdays)
    tests.push((at) => days.has(weekdayOf(at)))
  }
  return {
    time: tests.length === 0 ? ALWAYS : (at) => tests.every((holds) => holds(at)),
    labels:
      labels === undefined ? ALWAYS : (given) => given?.some((l) => labels.includes(l)) === true,
    destinations: destinations === undefined ? undefined : anyOf(destinations),
  }
}

function anyOf(patterns: readonly string[]): (destination: string | undefined) => boolean {
  const compiled = patterns.map(compilePattern)
  return (given) => given !== undefined && compiled.some((pattern) => pattern.matches(given))
}

/**
 * Milliseconds since 1970 UTC. Text must say its offset: `2026-12-31T18:00:00Z`,
 * `2026-12-31T18:00+01:00`.
 * @throws CofferError `invalid_policy`
 */
export function parseInstant(input: string | number): number {
  if (typeof input === 'number') {
    if (Number.isSafeInteger(input) && Math.abs(input) <= 8.64e15) return input
    throw refuse('An instant as a number is whole milliseconds since 1970 UTC.')
  }
  const found = typeof input === 'string' ? INSTANT.exec(input) : null
  const instant = found === null ? Number.NaN : Date.parse(input)
  if (found === null || Number.isNaN(instant) || !dayExists(found)) {
    throw refuse('An instant is written 2026-12-31T18:00:00Z, or with an offset in place of Z.')
  }
  return instant
}

/**
 * Minutes since midnight UTC; `from` may be greater than `before`.
 * @throws CofferError `invalid_policy`
 */
export function parseTimeOfDay(input: string): { from: number; before: number } {
  const found = typeof input === 'string' ? WINDOW.exec(input) : null
  const [from, before] = [minutes(found?.[1], found?.[2]), minutes(found?.[3], found?.[4])]
  if (from === undefined || before === undefined || from === before) {
    throw refuse('A time of day is written 08:00-17:30 (UTC), with two different times.')
  }
  return { from, before }
}

const ALWAYS = (): boolean => true
const DAY_MS = 86_400_000
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/
const WINDOW = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/

const minutes = (hour: string | undefined, minute: string | undefined): number | undefined =>
  hour === undefined || minute === undefined ? undefined : Number(hour) * 60 + Number(minute)

const millisOfDay = (at: number): number => ((at % DAY_MS) + DAY_MS) % DAY_MS
const minuteOfDay = (at: number): number => Math.floor(millisOfDay(at) / 60_000)

/** 1 Monday to 7 Sunday; 1 January 1970 was a Thursday. */
const weekdayOf = (at: number): number => ((((Math.floor(at / DAY_MS) + 3) % 7) + 7) % 7) + 1

/** `Date.parse` takes 30 February for 2 March. */
function dayExists(found: RegExpExecArray): boolean {
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

const refuse = (why: string) => new CofferError('invalid_policy', why)
