import { refuse } from './errors.ts'

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  d: 86_400,
  h: 3_600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
}

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)/gy
const CHARS_MAX = 64

/**
 * Whole seconds of what clients write as a duration: `90`, `"90"`, `"1h30m"`, `"-1s"`, `"2d"`. Empty
 * text and null are 0.
 * @throws VaultRefusal 400
 */
export function parseSeconds(name: string, given: unknown): number {
  if (given === null || given === '') return 0
  const seconds = typeof given === 'string' ? secondsOf(given.trim()) : given
  if (typeof seconds === 'number' && Number.isFinite(seconds) && Math.abs(seconds) < 2 ** 53) {
    return Math.trunc(seconds)
  }
  throw refuse(400, `error converting input for field "${name}": it is not a duration`)
}

/** As Go prints a duration: `0s`, `1m30s`, `1h0m0s`. */
export function goDuration(seconds: number): string {
  const sign = seconds < 0 ? '-' : ''
  const all = Math.abs(seconds)
  const [h, m, s] = [Math.floor(all / 3_600), Math.floor(all / 60) % 60, all % 60]
  return h > 0 ? `${sign}${h}h${m}m${s}s` : m > 0 ? `${sign}${m}m${s}s` : `${sign}${s}s`
}

function secondsOf(text: string): number | undefined {
  if (text.length > CHARS_MAX) return undefined
  if (/^[+-]?\d+$/.test(text)) return Number(text)
  const sign = text.startsWith('-') ? -1 : 1
  const body = /^[+-]/.test(text) ? text.slice(1) : text
  if (body === '') return undefined
  let seconds = 0
  for (let at = 0; at < body.length;) {
    PART.lastIndex = at
    const part = PART.exec(body)
    if (part === null) return undefined
    seconds += Number(part[1]) * (UNIT_SECONDS[part[2] ?? ''] ?? 0)
    at = PART.lastIndex
  }
  return sign * seconds
}
