import { CofferError } from '../../core/errors.ts'
import { escapeText } from '../../core/quoted.ts'
import type { AuditEntry, AuditFilter } from '../../core/ports/coffer.ts'
import { compilePattern } from '../../core/policy/pattern.ts'
import type { Pattern } from '../../core/policy/pattern.ts'
import { entryOf } from '../../crypto/audit-line.ts'
import type { LogPlace } from './log-end.ts'
import { linesBackward, segmentFile, segmentsIn, withSegment } from './segments.ts'

const LIMIT_DEFAULT = 100
const QUERY_LIMIT_MAX = 10_000

/** Clocks differ between processes: a search by time goes back this much further before it stops. */
const CLOCK_SLACK_MS = 24 * 60 * 60 * 1_000

/**
 * The newest entries that match, newest last. Reads backwards and stops when it has enough.
 * @throws CofferError `invalid_argument`, `limit_exceeded`, `invalid_pattern`
 */
export function queryLog({ fs, dir }: LogPlace, filter: AuditFilter): AuditEntry[] {
  const limit = checkLimit(filter.limit ?? LIMIT_DEFAULT)
  const wanted = matcher(filter)
  const found: AuditEntry[] = []
  for (const number of segmentsIn(fs, dir).toReversed()) {
    const size = fs.stat(segmentFile(dir, number))?.bytes ?? 0
    const done = withSegment(fs, dir, number, (fd) => {
      for (const { text } of linesBackward(fs, fd, size)) {
        if (wanted.tooOld(text)) return true
        if (!wanted.mayMatch(text)) continue
        const entry = entryOf(text)
        if (entry === undefined || !wanted.matches(entry)) continue
        if (found.push(entry) === limit) return true
      }
      return false
    })
    if (done) break
  }
  return found.toReversed()
}

interface Matcher {
  tooOld(line: string): boolean
  /** Looks at the text only; may say yes where `matches` says no. */
  mayMatch(line: string): boolean
  matches(entry: AuditEntry): boolean
}

const EQUAL = ['actor', 'action', 'outcome'] as const
const BY_PATTERN = ['resource', 'destination'] as const

const matches = (pattern: Pattern, text: string | undefined): boolean =>
  text !== undefined && pattern.matches(text)

function matcher(filter: AuditFilter): Matcher {
  const needles = EQUAL.flatMap((name) => {
    const value = filter[name]
    return value === undefined ? [] : [`,"${name}":"${escapeText(value)}"`]
  })
  const patterns = BY_PATTERN.flatMap((name) => {
    const text = filter[name]
    return text === undefined ? [] : [{ name, pattern: compilePattern(text) }]
  })
  for (const { name, pattern } of patterns) {
    needles.push(`,"${name}":"${escapeText(pattern.literalPrefix)}`)
  }
  const oldest = filter.since === undefined ? undefined : isoOf(filter.since - CLOCK_SLACK_MS)
  return {
    tooOld: (line) => oldest !== undefined && instantOf(line) < oldest,
    mayMatch: (line) => needles.every((needle) => line.includes(needle)),
    matches: (entry) =>
      EQUAL.every((name) => filter[name] === undefined || entry[name] === filter[name]) &&
      (filter.since === undefined || entry.at >= filter.since) &&
      (filter.until === undefined || entry.at <= filter.until) &&
      patterns.every(({ name, pattern }) => matches(pattern, entry[name])),
  }
}

function checkLimit(limit: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new CofferError('invalid_argument', 'The limit of an audit query is a positive integer.')
  }
  if (limit > QUERY_LIMIT_MAX) {
    throw new CofferError('limit_exceeded', `An audit query answers at most ${QUERY_LIMIT_MAX}.`, {
      remedy: 'Use `coffer audit export` for more.',
    })
  }
  return limit
}

const isoOf = (at: number) => new Date(Math.min(Math.max(at, 0), 8.64e15)).toISOString()

/** `{"seq":N,"at":"` comes first on every line. */
const instantOf = (line: string) => {
  const start = line.indexOf('"at":"') + 6
  return start < 6 ? '~' : line.slice(start, start + 24)
}
