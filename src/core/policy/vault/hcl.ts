import { CofferError } from '../../errors.ts'
import { LIMITS } from '../../limits.ts'

/** A value of HCL or JSON; `line` is where it begins, from 1. */
export type HclValue =
  | { readonly kind: 'scalar'; readonly line: number; readonly value: Scalar }
  | { readonly kind: 'list'; readonly line: number; readonly items: readonly HclValue[] }
  | { readonly kind: 'object'; readonly line: number; readonly members: readonly HclMember[] }

export type Scalar = string | number | boolean | null

/** `path "a" { … }` is the member `path` of an object with the member `a`. Keys may come again. */
export interface HclMember {
  readonly key: string
  readonly line: number
  readonly value: HclValue
}

/**
 * Reads the part of HCL 1 that policies are written in, which JSON is nearly a part of: blocks with
 * quoted names, attributes with `=` or `:`, text, numbers, truth values, lists, objects and the three
 * kinds of comments. No heredocs, and nothing is interpolated.
 * @throws CofferError `invalid_policy`, naming the line
 */
export function parseHcl(text: string): HclValue {
  const tokens = createTokens(text)
  const isJson = tokens.peek().kind === '{'
  if (isJson) tokens.next()
  const root = membersUntil(tokens, isJson ? '}' : 'end', 1, 1)
  if (isJson) expect(tokens, 'end')
  return root
}

/** A refusal that says where. */
export const refuseAt = (line: number, why: string) =>
  new CofferError('invalid_policy', `line ${line}: ${why}`)

type Mark = '{' | '}' | '[' | ']' | '=' | ':' | ',' | 'end'
type Token =
  | { readonly kind: Mark; readonly line: number }
  | { readonly kind: 'text' | 'word'; readonly line: number; readonly text: string }

interface Tokens {
  peek(): Token
  next(): Token
}

function membersUntil(tokens: Tokens, end: Mark, line: number, depth: number): HclValue {
  if (depth > LIMITS.documentDepthMax) throw refuseAt(line, 'it is nested too deeply')
  const members: HclMember[] = []
  for (let token = tokens.next(); token.kind !== end; token = tokens.next()) {
    if (token.kind !== 'text' && token.kind !== 'word') throw unexpected(token, 'a name')
    members.push({ key: token.text, line: token.line, value: valueOfKey(tokens, depth) })
    if (tokens.peek().kind === ',') tokens.next()
  }
  return { kind: 'object', line, members }
}

/** What stands behind a key: `= value`, `{ … }`, or another key of a block. */
function valueOfKey(tokens: Tokens, depth: number): HclValue {
  const token = tokens.next()
  if (token.kind === '=' || token.kind === ':') return valueAt(tokens, depth + 1)
  if (token.kind === '{') return membersUntil(tokens, '}', token.line, depth + 1)
  if (token.kind !== 'text' || depth > LIMITS.documentDepthMax) {
    throw unexpected(token, '"=" or "{"')
  }
  const { text: key, line } = token
  return { kind: 'object', line, members: [{ key, line, value: valueOfKey(tokens, depth + 1) }] }
}

function valueAt(tokens: Tokens, depth: number): HclValue {
  const token = tokens.next()
  const { line } = token
  if (depth > LIMITS.documentDepthMax) throw refuseAt(line, 'it is nested too deeply')
  if (token.kind === 'text') return { kind: 'scalar', line, value: token.text }
  if (token.kind === 'word') return { kind: 'scalar', line, value: scalarOf(token.text, line) }
  if (token.kind === '{') return membersUntil(tokens, '}', line, depth)
  if (token.kind !== '[') throw unexpected(token, 'a value')
  const items: HclValue[] = []
  while (tokens.peek().kind !== ']') {
    items.push(valueAt(tokens, depth + 1))
    if (tokens.peek().kind !== ',') break
    tokens.next()
  }
  expect(tokens, ']')
  return { kind: 'list', line, items }
}

const NUMBER = /^-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|0x[0-9a-fA-F]+)$/
const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ['true', true],
  ['false', false],
  ['null', null],
])

function scalarOf(word: string, line: number): Scalar {
  const known = WORDS.get(word)
  if (known !== undefined) return known
  if (NUMBER.test(word)) return Number(word)
  throw refuseAt(line, 'text is written in double quotes')
}

function expect(tokens: Tokens, kind: Mark): void {
  const token = tokens.next()
  if (token.kind !== kind) throw unexpected(token, kind === 'end' ? 'the end' : `"${kind}"`)
}

const unexpected = ({ kind, line }: Token, wanted: string) =>
  refuseAt(line, `expected ${wanted}, found ${SHOWN[kind] ?? `"${kind}"`}`)

const SHOWN: Readonly<Record<string, string>> = { text: 'text', word: 'a word', end: 'the end' }

const MARKS: ReadonlySet<string> = new Set(['{', '}', '[', ']', '=', ':', ','])
const SKIPPED = /(?:[ \t\r\n\uFEFF]+|#[^\n]*|\/\/[^\n]*|\/\*[^]*?\*\/)/y
const WORD = /[A-Za-z0-9_.+-]+/y
/** Control characters but the tab are refused, a newline too: an unclosed quote is found at once. */
const TEXT = /"((?:[^"\\\p{Cc}]|\t|\\.)*)"/uy

function createTokens(text: string): Tokens {
  let at = 0
  let line = 1
  let ahead: Token | undefined
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found !== null) at = pattern.lastIndex
    return found
  }
  const read = (): Token => {
    for (let skipped = take(SKIPPED); skipped !== null; skipped = take(SKIPPED)) {
      line += skipped[0].split('\n').length - 1
    }
    const char = text[at]
    if (char === undefined) return { kind: 'end', line }
    if (MARKS.has(char)) {
      at += 1
      return { kind: char as Mark, line }
    }
    if (char === '"') {
      const found = take(TEXT)
      if (found === null) throw refuseAt(line, 'a text is not closed on its line')
      return { kind: 'text', line, text: unescaped(found[1] ?? '', line) }
    }
    const found = take(WORD)
    if (found === null) throw refuseAt(line, `unexpected ${JSON.stringify(char)}`)
    return { kind: 'word', line, text: found[0] }
  }
  return {
    peek: () => (ahead ??= read()),
    next() {
      const token = ahead ?? read()
      ahead = undefined
      return token
    },
  }
}

const ESCAPE = /\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^uU])|\\./gu
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
])

function unescaped(raw: string, line: number): string {
  if (!raw.includes('\\')) return raw
  const text = raw.replaceAll(ESCAPE, (all, given: string | undefined) => {
    if (given === undefined) throw refuseAt(line, `unknown escape ${all}`)
    if (given.length === 1) {
      const char = ESCAPES.get(given)
      if (char === undefined) throw refuseAt(line, `unknown escape ${all}`)
      return char
    }
    const point = Number.parseInt(given.slice(1), 16)
    if (point > 0x10ffff) throw refuseAt(line, `unknown escape ${all}`)
    return given[0] === 'u' ? String.fromCharCode(point) : String.fromCodePoint(point)
  })
  if (!text.isWellFormed()) throw refuseAt(line, 'a text holds half of a surrogate pair')
  return text
}
