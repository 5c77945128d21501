import { parseEnv } from 'node:util'
import { parse } from 'dotenv'
import { dotenvPieces } from '../../core/dotenv.ts'
import { at, entryOfVariable, refuseFile, type Entry, type ParsedFile } from './entry.ts'

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
  for (const piece of dotenvPieces(text)) {
    if (piece.kind === 'bad') {
      findings.push(`${at(piece.line)}${piece.what}`)
      if (piece.name !== undefined) told.add(piece.name)
    }
    if (piece.kind !== 'assignment') continue
    const { name, line } = piece
    const before = lineOf.get(name)
    if (before !== undefined) {
      findings.push(`${at(line)}${name} was given on line ${before} before`)
      told.add(name)
    }
    lineOf.set(name, before ?? line)
    entries.push(entryOfVariable(name, piece.value, line))
    if (piece.cut) {
      cutOff.push(
        `${at(line)}${name} ends at its #, as other readers have it; quote it if that is wrong`,
      )
    }
  }
  findings.push(...differences(text, entries, told))
  if (findings.length > 0) throw refuseFile(file, findings)
  return { entries, notes: [...expansions(entries), ...cutOff, ...otherInNode(text, entries)] }
}

/** Node's own reader knows no `\"` and no `\r`: whoever starts with `node --env-file` had another value. */
function otherInNode(text: string, entries: readonly Entry[]): string[] {
  const theirs = parseEnv(text)
  return entries
    .filter(({ name, value }) => theirs[name] !== value)
    .map(
      ({ name, line }) =>
        `${at(line)}${name} is stored as the dotenv package reads it; node --env-file reads something else`,
    )
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
