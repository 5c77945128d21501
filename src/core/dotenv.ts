/** A piece of a dotenv file: one line, or several where a quoted value goes on. */
export type DotenvPiece = {
  /** Of the text, in UTF-16 units; `end` is behind the line's end. */
  readonly start: number
  readonly end: number
  /** From 1. */
  readonly line: number
} & (
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bad'; readonly what: string; readonly name?: string | undefined }
  | {
      readonly kind: 'assignment'
      readonly name: string
      /** Line ends inside of it are `\n`, as every reader of such files has them. */
      readonly value: string
      /** It was not quoted, and a `#` with no space before it ended it. */
      readonly cut: boolean
    }
)

/**
 * Takes a dotenv file apart so that nothing in it is passed over: the pieces, one after the other,
 * are the whole text. What is neither an assignment, a comment nor empty is `bad`. Line ends may be
 * `\n`, `\r\n` or `\r`; a byte order mark belongs to the first piece.
 */
export function dotenvPieces(text: string): DotenvPiece[] {
  const pieces: DotenvPiece[] = []
  for (let start = 0, line = 1; start < text.length;) {
    const from = start === 0 && text.startsWith('\ufeff') ? 1 : start
    const taken = takePiece(text, from)
    pieces.push({ ...taken, start, line })
    line += (text.slice(start, taken.end).match(LINE_ENDS) ?? []).length
    start = taken.end
  }
  return pieces
}

/**
 * The first spelling of a value that a dotenv file gives back as the same text, as `dotenvPieces`
 * and the `dotenv` package read it; undefined where there is none.
 */
export function dotenvSpelling(value: string): string | undefined {
  const escaped = value.replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  const plain = /^[A-Za-z0-9_./:@%+,=-]*$/.test(value) ? [value] : []
  // Where a backslash comes before the closing quote, what it closes depends on the lines that follow.
  const quoted = value.endsWith('\\')
    ? []
    : [`'${value}'`, `"${value}"`, `"${escaped}"`, `\`${value}\``]
  return [...plain, ...quoted.filter(holdsNoQuoteOfItsOwn), ...quoted].find((spelling) => {
    const [first, second, ...more] = dotenvPieces(`A=${spelling}\nB=end\n`)
    return (
      first?.kind === 'assignment' &&
      first.value === value &&
      second?.kind === 'assignment' &&
      second.value === 'end' &&
      more.length === 0
    )
  })
}

/** Readers disagree on a quote behind a backslash. */
const holdsNoQuoteOfItsOwn = (quoted: string): boolean =>
  !quoted.slice(1, -1).includes(quoted.charAt(0))

type Taken = DotenvPiece extends infer P
  ? P extends DotenvPiece
    ? Omit<P, 'start' | 'line'>
    : never
  : never

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*(?:=|:[ \t])[ \t]*/
const EMPTY = /^\s*(?:#.*)?$/
const LINE_ENDS = /\r\n?|\n/g
const QUOTES: ReadonlySet<string> = new Set(["'", '"', '`'])

function takePiece(text: string, start: number): Taken {
  const line = text.slice(start, contentEnd(text, start))
  const end = lineEnd(text, start)
  if (EMPTY.test(line)) return { kind: 'nothing', end }
  const [lead, name] = ASSIGNMENT.exec(line) ?? []
  if (lead === undefined || name === undefined) {
    return { kind: 'bad', what: 'this is no NAME=value, comment or empty line', end }
  }
  const rest = line.slice(lead.length)
  if (QUOTES.has(rest[0] ?? '')) return takeQuoted(text, name, start + lead.length)
  const value = rest.replace(/#.*$/, '').trim()
  return { kind: 'assignment', name, value, cut: /^[^#]*[^#\s]#/.test(rest), end }
}

function takeQuoted(text: string, name: string, start: number): Taken {
  const quote = text[start] ?? ''
  const close = closingQuote(text, start, quote)
  if (close === undefined) {
    return {
      kind: 'bad',
      name,
      what: `the quote of ${name} is not closed`,
      end: lineEnd(text, start),
    }
  }
  const end = lineEnd(text, close)
  if (!EMPTY.test(text.slice(close + 1, contentEnd(text, close)))) {
    return { kind: 'bad', name, what: `something follows the closing quote of ${name}`, end }
  }
  const inner = text.slice(start + 1, close).replace(LINE_ENDS, '\n')
  const value = quote === '"' ? inner.replace(/\\n/g, '\n').replace(/\\r/g, '\r') : inner
  return { kind: 'assignment', name, value, cut: false, end }
}

/**
 * The first quote without a backslash before it. If that closes nothing, the first with one that ends its
 * line: `"C:\\dir\\"` is closed for every reader.
 */
function closingQuote(text: string, start: number, quote: string): number | undefined {
  const quotes: number[] = []
  for (let at = start; (at = text.indexOf(quote, at + 1)) >= 0;) quotes.push(at)
  const endsLine = (at: number) => EMPTY.test(text.slice(at + 1, contentEnd(text, at)))
  const plain = quotes.find((at) => text[at - 1] !== '\\')
  if (plain !== undefined && endsLine(plain)) return plain
  return quotes.find((at) => text[at - 1] === '\\' && endsLine(at)) ?? plain
}

function contentEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\n' || text[at] === '\r') return at
  }
  return text.length
}

function lineEnd(text: string, from: number): number {
  const end = contentEnd(text, from)
  return text.startsWith('\r\n', end) ? end + 2 : Math.min(end + 1, text.length)
}
