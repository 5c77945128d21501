/** A schedule in AWS's form: `cron(minutes hours day-of-month month day-of-week year)`, in UTC. */
export interface Cron {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly onDay: (day: Date) => boolean
}

/** @returns undefined for what is no such expression, and for one without a day */
export function parseCron(expression: string): Cron | undefined {
  const fields = /^cron\(([^()]+)\)$/.exec(expression)?.[1]?.trim().split(/\s+/)
  if (fields?.length !== 6) return undefined
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields
  // AWS wants one of the two days to be open.
  if (dayOfMonth !== '?' && dayOfWeek !== '?' && dayOfMonth !== '*' && dayOfWeek !== '*') {
    return undefined
  }
  const minutes = setOf(minute, 0, 59)
  const hours = setOf(hour, 0, 23)
  const months = setOf(named(month, MONTHS, 1), 1, 12)
  const years = setOf(year, 1970, 2199)
  const inMonth = dayOfMonthTest(dayOfMonth)
  const inWeek = dayOfWeekTest(named(dayOfWeek, WEEKDAYS, 1))
  if (!minutes || !hours || !months || !years || !inMonth || !inWeek) return undefined
  return {
    minutes,
    hours,
    onDay: (day) =>
      years.has(day.getUTCFullYear()) &&
      months.has(day.getUTCMonth() + 1) &&
      inMonth(day) &&
      inWeek(day),
  }
}

/** The first moment after `now`, within `DAYS_AHEAD`. */
export function nextOfCron({ minutes, hours, onDay }: Cron, now: number): number | undefined {
  const first = Math.floor(now / DAY_MS) * DAY_MS
  const times = [...hours]
    .flatMap((hour) => [...minutes].map((minute) => (hour * 60 + minute) * 60_000))
    .toSorted((a, b) => a - b)
  for (let day = 0; day < DAYS_AHEAD; day++) {
    const midnight = first + day * DAY_MS
    if (!onDay(new Date(midnight))) continue
    const time = times.find((at) => midnight + at > now)
    if (time !== undefined) return midnight + time
  }
  return undefined
}

type DayTest = (day: Date) => boolean

function dayOfMonthTest(field: string): DayTest | undefined {
  if (field === '?') return () => true
  if (field === 'L') return isLastOfMonth
  const days = setOf(field, 1, 31)
  return days && ((day) => days.has(day.getUTCDate()))
}

/** 1 is Sunday; `6L` the last Friday of a month, `3#2` its second Tuesday. */
function dayOfWeekTest(field: string): DayTest | undefined {
  if (field === '?') return () => true
  const [, weekday, nth] = /^([1-7])(L|#[1-5])$/.exec(field) ?? []
  if (weekday !== undefined && nth !== undefined) {
    return (day) => {
      if (day.getUTCDay() + 1 !== Number(weekday)) return false
      const date = day.getUTCDate()
      if (nth === 'L')
        return new Date(day.getTime() + 7 * DAY_MS).getUTCMonth() !== day.getUTCMonth()
      return Math.ceil(date / 7) === Number(nth.slice(1))
    }
  }
  const days = setOf(field, 1, 7)
  return days && ((day) => days.has(day.getUTCDay() + 1))
}

const isLastOfMonth: DayTest = (day) => new Date(day.getTime() + DAY_MS).getUTCDate() === 1

/** `*`, `5`, `1-5`, `1,3`, a step of any of them: `0/2`, `8-18/2`; `/2` begins at the least. */
function setOf(field: string, min: number, max: number): Set<number> | undefined {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [, from, to, step] = PART.exec(part) ?? []
    if (from === undefined) return undefined
    const start = from === '*' || from === '' ? min : Number(from)
    const end = to !== undefined ? Number(to) : from === '*' || step !== undefined ? max : start
    const by = step === undefined ? 1 : Number(step)
    if (start < min || end > max || start > end || by < 1) return undefined
    for (let value = start; value <= end; value += by) values.add(value)
  }
  return values
}

const named = (field: string, names: readonly string[], first: number): string =>
  field.replace(/[A-Za-z]{3}/g, (name) => {
    const index = names.indexOf(name.toUpperCase())
    return index === -1 ? name : String(index + first)
  })

const PART = /^(\*|\d{1,4}|(?=\/))(?:-(\d{1,4}))?(?:\/(\d{1,4}))?$/
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const DAY_MS = 86_400_000
const DAYS_AHEAD = 1_500
