import type * as Yaml from 'yaml'
import type { Alias, Document, LineCounter, Node, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { budget, checkKey, DocumentError } from './node.ts'
import type { DocumentNode, MapNode } from './node.ts'

/**
 * Reads YAML 1.2 (core schema) or JSON. `name` is what to call the file in positions.
 *
 * Refused, with line and column: a key twice, `__proto__`, tags that make other than plain data,
 * several documents, an integer that JavaScript cannot hold, more than 32 levels or 200 000 values
 * with aliases expanded. No message quotes the document.
 * @throws DocumentError `invalid_config`, `too_large`
 */
export async function parseDocument(
  text: string,
  format: 'yaml' | 'json',
  name: string,
): Promise<DocumentNode> {
  const yaml = await import('yaml')
  if (isHopelesslyDeep(text)) throw new DocumentError('too_large', 'It is nested too deep.', name)
  const lines = new yaml.LineCounter()
  const at = positions(lines, name)
  // The parser's own search for keys that are there twice takes quadratic time.
  const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, strict: true }
  const parsed = yaml.parseDocument(text, {
    ...options,
    schema: format === 'json' ? 'json' : 'core',
  })
  if (format === 'json') checkJson(text, at)
  const [problem] = [...parsed.errors, ...parsed.warnings]
  if (problem !== undefined) {
    throw new DocumentError(
      'invalid_config',
      `It is not ${FORMATS[format]} (${problem.code}).`,
      at(problem.pos[0]),
      format === 'yaml' ? REMEDIES[problem.code] : undefined,
    )
  }
  return reader(yaml, parsed, at)(parsed.contents, 0)
}

const FORMATS = { yaml: 'YAML that can be read', json: 'JSON' } as const
/** What to do about what the parser refuses, by its own codes. */
const REMEDIES: Readonly<Partial<Record<Yaml.ErrorCode, string>>> = {
  TAB_AS_INDENT: 'Indent with spaces: YAML takes no tabs for that.',
  BAD_INDENT: 'Look at the indentation here, and for a bracket or quote that is not closed above.',
  UNEXPECTED_TOKEN: 'Put quotes around texts with { } [ ] , # or : in them.',
  BAD_SCALAR_START: 'Put quotes around texts that begin with @, `, %, & or *.',
  MISSING_CHAR: 'Look for a missing colon, comma, bracket or quote.',
  BLOCK_AS_IMPLICIT_KEY: 'One key on a line; put quotes around texts with a colon in them.',
  MULTILINE_IMPLICIT_KEY: 'Look for a missing colon or quote.',
  BAD_DQ_ESCAPE: "Write the text in single quotes: '…' takes backslashes as they are.",
  MULTIPLE_DOCS: 'One file holds one document: take the --- out.',
}
const DEEP = 10_000
const TAGS: readonly (string | undefined)[] = [
  undefined,
  ...['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((t) => `tag:yaml.org,2002:${t}`),
]

type At = (offset: number | undefined) => string

function reader(yaml: typeof Yaml, parsed: Document.Parsed, at: At) {
  const spend = budget()
  let targets: ReadonlyMap<Alias, Node> | undefined
  function read(node: Node | null, depth: number): DocumentNode {
    const position = at(node?.range?.[0])
    spend(depth, position)
    if (node === null) return { kind: 'scalar', value: null, at: position }
    if (yaml.isAlias(node)) {
      targets ??= targetsOf(yaml, parsed)
      return read(target(targets, node, position), depth + 1)
    }
    if (!TAGS.includes(node.tag)) {
      throw new DocumentError('invalid_config', 'A document has no tags of its own.', position)
    }
    if (yaml.isMap(node)) return { kind: 'map', ...readMap(node, depth), at: position }
    if (yaml.isSeq(node)) {
      const items = (node as YAMLSeq<Node | null>).items.map((item) => read(item, depth + 1))
      return { kind: 'list', items, at: position }
    }
    return { kind: 'scalar', value: scalarOf(node, position), at: position }
  }

  function readMap(map: YAMLMap, depth: number): Pick<MapNode, 'entries' | 'keysAt'> {
    const entries = new Map<string, DocumentNode>()
    const keysAt = new Map<string, string>()
    for (const { key, value } of map.items as { key: Node; value: Node | null }[]) {
      const position = at(key.range?.[0])
      if (!yaml.isScalar(key) || !TAGS.includes(key.tag)) {
        throw new DocumentError('invalid_config', 'A key is text.', position)
      }
      const name = checkKey(String(key.source ?? key.value), position)
      if (name === '<<' && key.type === 'PLAIN') {
        const remedy = 'Write the keys out, or take over a whole value: key: *anchor.'
        throw new DocumentError(
          'invalid_config',
          'Merge keys (<<) are not known here.',
          position,
          remedy,
        )
      }
      if (entries.has(name)) {
        throw new DocumentError('invalid_config', 'This key is there twice.', position)
      }
      const empty = { kind: 'scalar', value: null, at: position } as const
      entries.set(name, value === null ? empty : read(value, depth + 1))
      keysAt.set(name, position)
    }
    return { entries, keysAt }
  }

  return read
}

/**
 * What each alias stands for: the last part before it that has its anchor. The parser's own search goes
 * through the whole document for each.
 */
function targetsOf(yaml: typeof Yaml, parsed: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchored = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  yaml.visit(parsed, {
    Alias(_, alias) {
      const found = anchored.get(alias.source)
      if (found !== undefined) targets.set(alias, found)
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node)
    },
  })
  return targets
}

function target(targets: ReadonlyMap<Alias, Node>, alias: Alias, position: string): Node {
  const found = targets.get(alias)
  if (found !== undefined) return found
  throw new DocumentError('invalid_config', 'This alias has no anchor before it.', position)
}

function scalarOf({ value }: Scalar, position: string): unknown {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new DocumentError(
      'invalid_config',
      'This number cannot be held exactly; write it in quotes.',
      position,
    )
  }
  return value
}

const positions =
  (lines: LineCounter, name: string): At =>
  (offset) => {
    const { line, col } = lines.linePos(offset ?? 0)
    return `${name}:${line}:${col}`
  }

/** The engine's own message quotes the text: only the offset in it is used. */
function checkJson(text: string, at: At): void {
  try {
    JSON.parse(text)
  } catch (error) {
    const offset = /position (\d+)/.exec(String(error))?.[1]
    throw new DocumentError('invalid_config', 'It is not JSON.', at(Number(offset ?? 0)))
  }
}

/** Before the parser, which takes long over such: far more brackets open than close. */
function isHopelesslyDeep(text: string): boolean {
  let open = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x5b || code === 0x7b) open++
    else if (code === 0x5d || code === 0x7d) open--
    if (open > DEEP) return true
  }
  return false
}
