import { pino } from 'pino'
import { isCofferError } from '../../core/errors.ts'
import { escapeText } from '../../core/quoted.ts'
import type { RequestFacts, RequestWatcher } from '../observe.ts'
import { gatherLines } from './gathered.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * What a server says of itself, on stderr: a line for each request, and what its operator wants to
 * know. Redacted by construction: only these facts are ever handed over, no URL, header or body.
 */
export interface ServerLog extends RequestWatcher {
  /** Words of our own. */
  note(what: string, facts?: LogFacts): void
  /** Something that did not go well and stops nothing. Of an unknown error only its kind is told. */
  warn(what: string, error: unknown, facts?: LogFacts): void
  /** Writes what is waiting to be written; before the process ends. */
  flush(): void
}

export interface LogOptions {
  readonly level: LogLevel
  /** Text for people instead of JSON lines. */
  readonly text: boolean
  /** Other processes write to the same stderr. */
  readonly shared?: boolean | undefined
}

export type LogFacts = Readonly<Record<string, string | number | boolean>>

/**
 * To stderr, or to `write`: lines are gathered, and written within `FLUSH_MS`. Where nobody takes
 * them, more than `BYTES_MAX` are dropped.
 */
export function createLog(
  { level, text, shared = false }: LogOptions,
  write?: (line: string) => void,
): ServerLog {
  const file =
    write === undefined
      ? pino.destination({ dest: 2, sync: false, maxLength: BYTES_MAX })
      : undefined
  const requests = file && gatherLines(file, shared ? GATHERED_SHARED : GATHERED)
  const out = file
    ? {
        // Behind the requests that came before it.
        write(line: string) {
          requests?.pass()
          file.write(line)
        },
      }
    : { write: write ?? (() => {}) }
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: named } },
    text ? { write: (line: string) => out.write(asText(line)) } : out,
  )
  const timer = requests && setInterval(() => requests.pass(), FLUSH_MS).unref()

  // A line for each request is made here: a logger's general way costs as much as a read's MACs.
  const shown = { info: logger.isLevelEnabled('info'), error: logger.isLevelEnabled('error') }
  const each = requests ?? out
  const put = text ? (line: string) => each.write(asText(line)) : (line: string) => each.write(line)

  const flush = () => {
    clearInterval(timer)
    process.off('exit', flush)
    try {
      requests?.pass()
      file?.flushSync()
    } catch {
      // Nobody reads any more; there is nobody to tell.
    }
  }
  // Also of a process that ends in a way that nobody foresaw.
  if (file !== undefined) process.once('exit', flush)

  const instant = instants()
  const startOf = starts()

  return {
    began() {},
    ended(facts) {
      const level = isTrouble(facts) ? 'error' : 'info'
      if (shown[level]) put(lineOf(startOf(level, instant(), facts), facts))
    },
    note: (what, facts = {}) => logger.info(facts, what),
    warn: (what, error, facts = {}) => logger.warn({ ...facts, ...errorFacts(error) }, what),
    flush,
  }
}

const GATHERED = 64_000
/** A pipe takes so much from several processes without mixing their lines. */
const GATHERED_SHARED = 3_072
const BYTES_MAX = 8_388_608
const FLUSH_MS = 250

/** A sealed store and a probe that says so are no news. */
const isTrouble = ({ status, code }: RequestFacts): boolean =>
  status >= 500 && code !== undefined && code !== 'sealed'

const named = (label: string) => ({ level: label })

/** Now, in ISO 8601; many requests end within one millisecond. */
function instants(): () => string {
  let at = NaN
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== at) text = new Date((at = now)).toISOString()
    return text
  }
}

/** Only what others chose needs to be escaped: the rest are words and numbers of our own. */
function lineOf(start: string, facts: RequestFacts): string {
  const { ms, request, address, actor, code } = facts
  const who = actor === undefined ? '' : `,"actor":"${escapeText(actor)}"`
  const why = code === undefined ? '' : `,"code":"${code}"`
  return `${start}${toMicroseconds(ms)},"request":"${request}","address":"${escapeText(address)}"${who}${why},"msg":"request"}\n`
}

/** Up to where lines of one millisecond begin to differ: a line of few pieces is put together faster. */
function starts(): (level: string, time: string, facts: RequestFacts) => string {
  let last = { level: '', time: '', via: '', operation: '', status: 0, start: '' }
  return (level, time, { via, operation, status }) => {
    const same = last.time === time && last.level === level && last.status === status
    if (same && last.operation === operation && last.via === via) return last.start
    const start = `{"level":"${level}","time":"${time}","via":"${via}","operation":"${operation}","status":${status},"ms":`
    last = { level, time, via, operation, status, start }
    return start
  }
}

/** `1.235`, from two whole numbers: a fraction's digits take ten times as long to find. */
function toMicroseconds(ms: number): string {
  const us = Math.round(ms * 1_000)
  const whole = Math.floor(us / 1_000)
  const rest = us - whole * 1_000
  return `${whole}.${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}`
}

/** A message of Coffer's own holds no value and no token; any other may hold anything. */
function errorFacts(error: unknown): LogFacts {
  if (isCofferError(error)) return { code: error.code, error: error.message }
  return { code: 'internal', error: error instanceof Error ? error.name : typeof error }
}

/** `09:41:22.120 info  request via=http operation=read status=200`, control characters escaped. */
function asText(line: string): string {
  const { time, level, msg, ...facts } = JSON.parse(line) as Record<string, string>
  const told = Object.entries(facts).map(([name, value]) => `${name}=${shown(value)}`)
  return `${[time?.slice(11, 23), level?.padEnd(5), msg, ...told].join(' ')}\n`
}

const shown = (value: unknown): string => {
  const text = String(value)
  return /^[!-~]+$/.test(text) ? text : JSON.stringify(text)
}
