/** A value of Terraform's language, as far as a manifest has any. */
export type HclValue = string | number | boolean | null | readonly HclValue[] | HclObject
export interface HclObject {
  readonly [key: string]: HclValue
}

/**
 * The value as `terraform fmt` writes it: two spaces for each depth, members on lines of their own,
 * `=` below `=` where lines follow each other. Text is only ever text: no interpolation, no
 * directive, no end of the string can come from it.
 */
export function hcl(value: HclValue, depth = 0): string {
  if (typeof value === 'string') return hclText(value)
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? list(value, depth) : object(value as HclObject, depth)
}

/**
 * A quoted template without interpolation.
 * Source: HCL Native Syntax Specification, "Quoted Templates".
 */
export function hclText(text: string): string {
  const plain = text.replace(SPECIAL, (char) => ESCAPES[char] ?? unicode(char))
  return `"${plain.replace(OPENING, opening)}"`
}

const SPECIAL = /["\\\p{Cc}\u2028\u2029]/gu
const ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}
/** A sign more than one of which stands before `{` would be read as an escape of another. */
const OPENING = /[$%]+\{/g
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/

const unicode = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

const opening = (signs: string): string =>
  signs.length === 2 ? `${signs[0]}${signs}` : `${signs.slice(0, -1).replace(/./g, unicode)}{`

function list(items: readonly HclValue[], depth: number): string {
  if (items.length === 0) return '[]'
  const inner = '  '.repeat(depth + 1)
  const lines = items.map((item) => `${inner}${hcl(item, depth + 1)},\n`)
  return `[\n${lines.join('')}${'  '.repeat(depth)}]`
}

function object(members: HclObject, depth: number): string {
  const rows = Object.entries(members).map(([key, value]) => ({
    key: NAME.test(key) ? key : hclText(key),
    text: hcl(value, depth + 1),
  }))
  if (rows.length === 0) return '{}'
  const inner = '  '.repeat(depth + 1)
  const lines = rows.map(({ key, text }, at) => `${inner}${key.padEnd(width(at))} = ${text}\n`)
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`

  /** Lines are aligned with their neighbours, up to a member of more than one line. */
  function width(at: number): number {
    if (isLong(at)) return 0
    let first = at
    let last = at
    while (first > 0 && !isLong(first - 1)) first--
    while (last < rows.length - 1 && !isLong(last + 1)) last++
    return Math.max(...rows.slice(first, last + 1).map(({ key }) => key.length))
  }

  function isLong(at: number): boolean {
    return rows[at]?.text.includes('\n') === true
  }
}
