import { LIMITS } from '../limits.ts'

/** Why a pattern is refused; says nothing of any value. */
export class RegexError extends Error {}

/** A regular expression as a tree. */
export type Node =
  | { readonly is: 'char'; readonly test: (char: string) => boolean }
  | { readonly is: 'assert'; readonly holds: (before: string, after: string) => boolean }
  | { readonly is: 'sequence'; readonly parts: readonly Node[] }
  | { readonly is: 'choice'; readonly options: readonly Node[] }
  | { readonly is: 'repeat'; readonly part: Node; readonly min: number; readonly max: number }

/**
 * Parses what the language's own parser has accepted first, so that only the shape is left to find.
 * Single characters, escapes and classes are handed to it as they stand.
 * @throws RegexError
 */
export function parseRegex(source: string, flag: 'u' | 'v'): Node {
  if (!isRegExp(source, flag)) {
    throw new RegexError(`is a regular expression (ECMAScript, flag ${flag})`)
  }
  const reader: Reader = { source, flag, at: 0, depth: 0, tests: new Map() }
  return choice(reader)
}

interface Reader {
  readonly source: string
  readonly flag: 'u' | 'v'
  at: number
  depth: number
  readonly tests: Map<string, (char: string) => boolean>
}

const QUANTIFIER = /([*+?]|\{(\d+)(,(\d*))?\})\??/y
const ESCAPE =
  /\\(?:[pP]\{[^}]*\}|u\{[0-9A-Fa-f]+\}|(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[^])/y
const GROUP = /\((?:\?:|\?<[^=!][^>]*>|(?!\?))/y

const ASSERTIONS: Readonly<Record<string, (before: string, after: string) => boolean>> = {
  '^': (before) => before === '',
  $: (_before, after) => after === '',
  '\\b': (before, after) => isWord(before) !== isWord(after),
  '\\B': (before, after) => isWord(before) === isWord(after),
}

const isWord = (char: string): boolean => /^\w$/.test(char)

function choice(reader: Reader): Node {
  const options = [sequence(reader)]
  while (reader.source[reader.at] === '|') {
    reader.at++
    options.push(sequence(reader))
  }
  return options.length === 1 && options[0] !== undefined ? options[0] : { is: 'choice', options }
}

function sequence(reader: Reader): Node {
  const parts: Node[] = []
  for (;;) {
    const next = reader.source[reader.at]
    if (next === undefined || next === '|' || next === ')') return { is: 'sequence', parts }
    parts.push(quantified(reader, atom(reader, next)))
  }
}

function atom(reader: Reader, next: string): Node {
  if (next === '(') return group(reader)
  const text =
    next === '[' ? classText(reader) : next === '\\' ? take(reader, ESCAPE) : codePoint(reader)
  if (/^\\[1-9k]/.test(text)) throw new RegexError('has no back-references')
  const holds = ASSERTIONS[text]
  if (holds !== undefined) return { is: 'assert', holds }
  return { is: 'char', test: testFor(reader, text) }
}

function group(reader: Reader): Node {
  if (take(reader, GROUP) === '') throw new RegexError('has no look-around and no flags')
  if (++reader.depth > LIMITS.typePatternGroupsMax)
    throw new RegexError(`nests at most ${LIMITS.typePatternGroupsMax} groups`)
  const inner = choice(reader)
  reader.depth--
  reader.at++
  return inner
}

function quantified(reader: Reader, part: Node): Node {
  QUANTIFIER.lastIndex = reader.at
  const found = QUANTIFIER.exec(reader.source)
  if (found === null) return part
  reader.at = QUANTIFIER.lastIndex
  const [, sign, least, range, most] = found
  if (least === undefined) {
    return { is: 'repeat', part, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity }
  }
  const min = Number(least)
  return {
    is: 'repeat',
    part,
    min,
    max: range === undefined ? min : most ? Number(most) : Infinity,
  }
}

function take(reader: Reader, what: RegExp): string {
  what.lastIndex = reader.at
  const text = what.exec(reader.source)?.[0] ?? ''
  reader.at += text.length
  return text
}

function codePoint(reader: Reader): string {
  const char = String.fromCodePoint(reader.source.codePointAt(reader.at) ?? 0)
  reader.at += char.length
  return char
}

/** A whole class; with flag `v` classes nest. */
function classText(reader: Reader): string {
  const from = reader.at
  let open = 0
  do {
    const char = reader.source[reader.at]
    if (char === '\\') reader.at++
    else if (char === '[' && (open === 0 || reader.flag === 'v')) open++
    else if (char === ']') open--
    reader.at++
  } while (open > 0)
  return reader.source.slice(from, reader.at)
}

/** Asks the language's own engine about one character; ASCII answers are kept. */
function testFor(reader: Reader, text: string): (char: string) => boolean {
  const known = reader.tests.get(text)
  if (known !== undefined) return known
  if (holdsStrings(reader, text)) throw new RegexError('has no sets of strings')
  const single = new RegExp(`^(?:${text})$`, reader.flag)
  const ascii = Array.from({ length: 128 }, (_, code) => single.test(String.fromCharCode(code)))
  const test = (char: string): boolean => ascii[char.charCodeAt(0)] ?? single.test(char)
  reader.tests.set(text, test)
  return test
}

/** The language refuses to negate a set that holds strings of several characters. */
const holdsStrings = ({ flag }: Reader, text: string): boolean =>
  flag === 'v' && /^(?:\[|\\[pP])/.test(text) && !isRegExp(`[^${text}]`, flag)

function isRegExp(source: string, flag: 'u' | 'v'): boolean {
  try {
    return new RegExp(source, flag) instanceof RegExp
  } catch {
    return false
  }
}
