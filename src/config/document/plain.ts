import type { DocumentNode, ListNode, MapNode } from './node.ts'
import { lineReader, Unusual } from './plain-value.ts'
import type { LineReader } from './plain-value.ts'

/**
 * Reads the YAML that people write in configuration: objects and lists by indentation, plain and quoted
 * text on one line, `{ … }` and `[ … ]` on one line, comments. Undefined for anything else, malformed
 * text included, which is left to the YAML parser; where both can, they agree to the column. That parser
 * takes ten times as long, and a tenth of a second to be loaded.
 */
export function readPlain(text: string, name: string): DocumentNode | undefined {
  if (UNUSUAL.test(text)) return undefined
  const lines = linesOf(text)
  const [first] = lines
  if (first === undefined || first.indent !== 0) return undefined
  const blocks = new BlockReader(lines, name)
  try {
    const root = blocks.map(0, 0)
    return blocks.isDone ? root : undefined
  } catch (error) {
    if (error instanceof Unusual) return undefined
    throw error
  }
}

/** Control and other rare characters; the ends and directives of documents. */
const UNUSUAL =
  /[^\n\x20-\x7e\u00a1-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\u2028\u2029]|^(?:---|\.\.\.|%)/m
const KEY = /([A-Za-z0-9_/.$][A-Za-z0-9_/.$-]*):(?: +|$)/y
const EMPTY = /^ *(?:#.*)?$/

interface Line {
  /** From 1. */
  readonly number: number
  readonly indent: number
  readonly text: string
}

function linesOf(text: string): Line[] {
  const lines: Line[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (EMPTY.test(line)) continue
    lines.push({ number: i + 1, indent: line.search(/[^ ]/), text: line })
  }
  return lines
}

class BlockReader {
  readonly #lines: readonly Line[]
  readonly #name: string
  readonly #values: LineReader = lineReader()
  #next = 0

  constructor(lines: readonly Line[], name: string) {
    this.#lines = lines
    this.#name = name
  }

  get isDone(): boolean {
    return this.#next === this.#lines.length
  }

  /** The object whose first key stands at this column of the next line. */
  map(column: number, depth: number): MapNode {
    this.#values.spend(depth)
    const entries = new Map<string, DocumentNode>()
    const keysAt = new Map<string, string>()
    let first: string | undefined
    for (let line = this.#lines[this.#next]; line !== undefined; line = this.#lines[this.#next]) {
      // Within a list the first key stands behind the dash.
      if (first !== undefined && line.indent !== column) {
        if (line.indent > column) throw new Unusual()
        break
      }
      KEY.lastIndex = column
      const [, key] = KEY.exec(line.text) ?? []
      if (key === undefined || key === '__proto__' || entries.has(key)) throw new Unusual()
      const at = this.#at(line, column)
      const behind = KEY.lastIndex
      keysAt.set(key, at)
      this.#next++
      entries.set(key, this.#valueOf(line, behind, { column, depth, colon: column + key.length }))
      first ??= at
    }
    return { kind: 'map', entries, keysAt, at: first }
  }

  #valueOf(
    line: Line,
    behind: number,
    key: { readonly column: number; readonly depth: number; readonly colon: number },
  ): DocumentNode {
    if (!EMPTY.test(line.text.slice(behind))) {
      return this.#values.whole(line.text, behind, (column) => this.#at(line, column))
    }
    const next = this.#lines[this.#next]
    if (
      next !== undefined &&
      next.text.startsWith('- ', next.indent) &&
      next.indent >= key.column
    ) {
      return this.#list(next.indent, key.depth + 1)
    }
    if (next !== undefined && next.indent > key.column) return this.map(next.indent, key.depth + 1)
    // What comes behind an empty value moves its place.
    if (line.text.length !== key.colon + 1) throw new Unusual()
    this.#values.spend(key.depth + 1)
    return { kind: 'scalar', value: null, at: this.#at(line, key.colon + 1) }
  }

  #list(column: number, depth: number): ListNode {
    this.#values.spend(depth)
    const items: DocumentNode[] = []
    let first: string | undefined
    for (let line = this.#lines[this.#next]; line !== undefined; line = this.#lines[this.#next]) {
      if (line.indent !== column || !line.text.startsWith('- ', column)) {
        if (line.indent > column) throw new Unusual()
        break
      }
      const here = line
      first ??= this.#at(here, column)
      const start = column + 2 + here.text.slice(column + 2).search(/[^ ]|$/)
      KEY.lastIndex = start
      if (KEY.test(here.text)) {
        items.push(this.map(start, depth + 1))
        continue
      }
      this.#next++
      items.push(this.#values.whole(here.text, start, (place) => this.#at(here, place)))
    }
    return { kind: 'list', items, at: first }
  }

  #at = ({ number }: Line, column: number): string => `${this.#name}:${number}:${column + 1}`
}
