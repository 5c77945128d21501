import { parse } from 'dotenv'
import { at, entryOfVariable, refuseFile, type Entry, type ParsedFile } from './entry.ts'

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*(?:=|:[ \t])[ \t]*/
const QUOTES: ReadonlySet<string> = new Set(["'", '"', '`'])

/**
 * Reads a dotenv file line by line, so that nothing in it is passed over: what is neither an
 * assignment, a comment nor empty is an error, as are a quote that is not closed and a name given
 * twice. Every value is compared with what the `dotenv` package reads; where the two differ the
 * file is ambiguous, and refused: a value that was imported is the one the application had.
 *
 * @throws CofferError `invalid_argument` with every finding and its line
 */
export function parseDotenv(file: string, source: string): ParsedFile {
  const text = source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  const findings: string[] = []
  /** What a finding names already, whose value it is no use to compare. */
  const told = new Set<string>()
  const entries: Entry[] = []
  const lineOf = new Map<string, number>()
  const cutOff: string[] = []
  for (let offset = 0, line = 1; offset < text.length;) {
    const taken = takeLine(text, offset)
    if (taken.kind === 'bad') {
      findings.push(`${at(line)}${taken.what}`)
      if (taken.name !== undefined) told.add(taken.name)
    }
    if (taken.kind === 'assignment') {
      const before = lineOf.get(taken.name)
      if (before !== undefined) {
        findings.push(`${at(line)}${taken.name} was given on line ${before} before`)
        told.add(taken.name)
      }
      lineOf.set(taken.name, before ?? line)
      entries.push(entryOfVariable(taken.name, taken.value, line))
      if (taken.cut === true)
        cutOff.push(
          `${at(line)}${taken.name} ends at its #, as other readers have it; quote it if that is wrong`,
        )
    }
    line += text.slice(offset, taken.end).split('\n').length - 1
    offset = taken.end
  }
  findings.push(...differences(text, entries, told))
  if (findings.length > 0) throw refuseFile(file, findings)
  return { entries, notes: [...expansions(entries), ...cutOff] }
}

type Taken = { readonly end: number } & (
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bad'; readonly what: string; readonly name?: string }
  | {
      readonly kind: 'assignment'
      readonly name: string
      readonly value: string
      readonly cut?: boolean
    }
)

/** What begins at `offset`: a line, or several when a quoted value goes on. */
function takeLine(text: string, offset: number): Taken {
  const end = endOfLine(text, offset)
  const line = text.slice(offset, end)
  if (/^\s*(?:#.*)?$/.test(line)) return { kind: 'nothing', end: end + 1 }
  const [lead, name] = ASSIGNMENT.exec(line) ?? []
  if (lead === undefined || name === undefined) {
    return { kind: 'bad', what: 'this is no NAME=value, comment or empty line', end: end + 1 }
  }
  const start = offset + lead.length
  const quote = text[start] ?? ''
  if (start < end && QUOTES.has(quote)) return takeQuoted(text, name, start, quote)
  const rest = line.slice(lead.length)
  const value = rest.replace(/#.*$/, '').trim()
  return { kind: 'assignment', name, value, cut: /^[^#]*[^#\s]#/.test(rest), end: end + 1 }
}

function takeQuoted(text: string, name: string, start: number, quote: string): Taken {
  let close = start + 1
  while (close < text.length && (text[close] !== quote || text[close - 1] === '\\')) close++
  if (close >= text.length) {
    return {
      kind: 'bad',
      name,
      what: `the quote of ${name} is not closed`,
      end: endOfLine(text, start) + 1,
    }
  }
  const end = endOfLine(text, close)
  const tail = text.slice(close + 1, end)
  if (!/^\s*(?:#.*)?$/.test(tail)) {
    const what = `something follows the closing quote of ${name}`
    return { kind: 'bad', name, what, end: end + 1 }
  }
  const inner = text.slice(start + 1, close)
  const value = quote === '"' ? inner.replace(/\\n/g, '\n').replace(/\\r/g, '\r') : inner
  return { kind: 'assignment', name, value, end: end + 1 }
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

function differences(text: string, entries: readonly Entry[], told: ReadonlySet<string>): string[] {
  const theirs = parse(text)
  const names = new Set(entries.map(({ name }) => name))
  const other = Object.keys(theirs).filter((name) => !names.has(name) && !told.has(name))
  return [
    ...entries
      .filter(({ name }) => !told.has(name))
      .filter(({ name, value }) => !Object.hasOwn(theirs, name) || theirs[name] !== value)
      .map(
        ({ name, line }) =>
          `${at(line)}other readers understand ${name} differently; quote its value`,
      ),
    ...other.map((name) => `other readers find a variable ${name} inside another value`),
  ]
}

const expansions = (entries: readonly Entry[]): string[] =>
  entries
    .filter(({ value }) => /\$\{[^}]*\}|\$[A-Za-z_]/.test(value))
    .map(
      ({ name, line }) =>
        `${at(line)}${name} holds a $ reference; it is stored as written, not expanded`,
    )
