import { usage } from './parse.ts'

const DAY_MS = 86_400_000
const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
  y: 365 * DAY_MS,
}
const DURATION = /^(\d{1,6})([smhdwy])$/
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/** `90s`, `15m`, `12h`, `30d`, `2w`, `1y`. @throws CofferError `invalid_argument` */
export function durationMs(text: string, option: string): number {
  const [, amount, unit] = DURATION.exec(text) ?? []
  if (amount === undefined || unit === undefined) {
    throw usage(`--${option} needs a duration: 90s, 15m, 12h, 30d, 2w or 1y.`)
  }
  return Number(amount) * (UNITS_MS[unit] ?? 0)
}

/** A duration in whole days; a plain number is days. @throws CofferError `invalid_argument` */
export function durationDays(text: string, option: string): number {
  const days = /^\d{1,6}$/.test(text) ? Number(text) : durationMs(text, option) / DAY_MS
  if (!Number.isInteger(days)) throw usage(`--${option} needs whole days: 30d.`)
  return days
}

/**
 * An instant: ISO 8601 with its zone (a date alone is its beginning in UTC), or a duration from
 * now, forwards or backwards. @throws CofferError `invalid_argument`
 */
export function instant(text: string, option: string, now: number, direction: 1 | -1): number {
  if (DURATION.test(text)) return now + direction * durationMs(text, option)
  const at = ISO.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse takes the 31st of February for a day of March.
  const whole = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  if (
    Number.isNaN(at) ||
    Number.isNaN(whole.getTime()) ||
    whole.toISOString().slice(0, 10) !== text.slice(0, 10)
  ) {
    throw usage(
      `--${option} needs a time: 2027-01-31, 2027-01-31T12:00Z, or a duration such as 30d.`,
    )
  }
  return at
}

/** For a person: `2027-01-31 12:00:05Z`. */
export const shownInstant = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`

/** How long ago or from now: `3d`, `5h`, `just now`. */
export function shownAge(ms: number): string {
  const size = Math.abs(ms)
  for (const unit of ['y', 'd', 'h', 'm'] as const) {
    const amount = Math.floor(size / (UNITS_MS[unit] ?? 1))
    if (amount > 0) return `${amount}${unit}`
  }
  return 'now'
}
