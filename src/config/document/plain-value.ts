import type { DocumentNode } from './node.ts'

/** Something that the plain reader leaves to the YAML parser. */
export class Unusual extends Error {}

/** Values on one line: scalars, and flow collections of them. Counts what it makes. */
export interface LineReader {
  /** The value that begins at this column and takes the rest of the line, but for a comment. */
  whole(line: string, column: number, at: At): DocumentNode
  /** @throws Unusual when a document has too many values for the plain reader */
  spend(depth: number): void
}

/** Where a column of the line is: `app.yaml:3:7`. */
export type At = (column: number) => string

export function lineReader(): LineReader {
  let left = NODES_MAX
  const spend = (depth: number): void => {
    if (depth > DEPTH_MAX || --left < 0) throw new Unusual()
  }
  return {
    spend,
    whole(line, column, at) {
      const reader = new FlowReader(line, at, spend)
      const first = line[column]
      if (first === '{' || first === '[' || first === '"' || first === "'") {
        const node = reader.value(column, 1)
        if (!ENDS.test(line.slice(reader.end))) throw new Unusual()
        return node
      }
      spend(0)
      const text = line
        .slice(column)
        .replace(/(?<! ) +#.*$/, '')
        .trimEnd()
      if (!PLAIN.test(text) || text.includes(': ') || text.endsWith(':')) throw new Unusual()
      return { kind: 'scalar', value: scalarOf(text), at: at(column) }
    },
  }
}

const NODES_MAX = 190_000
const DEPTH_MAX = 16
/** After a value: nothing, or a comment. */
const ENDS = /^ *$|^ +#/
/** Begins with nothing that YAML reads into, and holds no ` #`. */
const PLAIN = /^[A-Za-z0-9_/.$][^#]*(?:[^ ]#[^#]*)*$/
const FLOW_PLAIN = /[A-Za-z0-9_/.$](?:[^,[\]{}#:"'\\ ]|:(?=[^,[\]{} ])| (?=[^,[\]{}#: ]))*/y
const FLOW_KEY = /([A-Za-z0-9_/.$][A-Za-z0-9_/.$-]*): */y
const DOUBLE = /"([^"\\]*)"/y
const SINGLE = /'([^']*)'/y
const SPACES = / */y
const NUMBER_LIKE =
  /^[-+]?[0-9.][0-9._]*(?:[eE][-+]?[0-9]+)?$|^[-+]?0[xo][0-9a-fA-F]+$|^[-+]?\.(?:inf|nan)$/i
const WHOLE = /^(?:0|[1-9][0-9]{0,14})$/
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...['null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
])

/** The core schema's reading of a plain scalar. */
function scalarOf(text: string): unknown {
  if (WORDS.has(text)) return WORDS.get(text)
  if (WHOLE.test(text)) return Number(text)
  if (NUMBER_LIKE.test(text)) throw new Unusual()
  return text
}

/** Reads flow collections of one line; `end` is where the last value ended. */
class FlowReader {
  end = 0
  readonly #line: string
  readonly #at: At
  readonly #spend: LineReader['spend']

  constructor(line: string, at: At, spend: LineReader['spend']) {
    this.#line = line
    this.#at = at
    this.#spend = spend
  }

  value(from: number, depth: number): DocumentNode {
    this.#spend(depth)
    this.end = from
    const at = this.#at(from)
    const first = this.#line[from]
    if (first === '{') return { ...this.#map(depth), at }
    if (first === '[') return { kind: 'list', items: this.#items(depth), at }
    const quoted = first === '"' ? DOUBLE : first === "'" ? SINGLE : undefined
    if (quoted !== undefined) {
      const value = this.#take(quoted)[1] ?? ''
      // In single quotes two of them are one.
      if (this.#line[this.end] === first) throw new Unusual()
      return { kind: 'scalar', value, at }
    }
    return { kind: 'scalar', value: scalarOf(this.#take(FLOW_PLAIN)[0]), at }
  }

  #items(depth: number): DocumentNode[] {
    const items: DocumentNode[] = []
    this.#each(']', () => items.push(this.value(this.end, depth + 1)))
    return items
  }

  #map(depth: number) {
    const entries = new Map<string, DocumentNode>()
    const keysAt = new Map<string, string>()
    this.#each('}', () => {
      const at = this.#at(this.end)
      const [whole, key = ''] = this.#take(FLOW_KEY)
      if (whole.endsWith(':') || entries.has(key) || key === '__proto__') throw new Unusual()
      keysAt.set(key, at)
      entries.set(key, this.value(this.end, depth + 1))
    })
    return { kind: 'map' as const, entries, keysAt }
  }

  /** Between the opening bracket, where `end` is, and the closing one. */
  #each(close: string, read: () => void): void {
    this.end++
    this.#take(SPACES)
    if (this.#line[this.end] === close) {
      this.end++
      return
    }
    for (;;) {
      read()
      this.#take(SPACES)
      const next = this.#line[this.end++]
      if (next === close) return
      if (next !== ',') throw new Unusual()
      this.#take(SPACES)
    }
  }

  #take(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.end
    const found = pattern.exec(this.#line)
    if (found === null) throw new Unusual()
    this.end = pattern.lastIndex
    return found
  }
}
