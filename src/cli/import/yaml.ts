import type { Node, Scalar } from 'yaml'
import { LIMITS } from '../../core/limits.ts'
import { at, refuseFile, type ParsedFile } from './entry.ts'
import { entriesOf, type Tree } from './tree.ts'

/**
 * Reads one YAML document. Scalars stay as they are written (`010`, `yes`, `1.10`), and in a list
 * what JSON writes the same way is that in JSON: `[80, true]`. Aliases, tags of other types and a key
 * given twice are errors.
 * @throws CofferError `invalid_argument`
 */
export async function parseYaml(file: string, source: string): Promise<ParsedFile> {
  const { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } = await import('yaml')
  const lines = new LineCounter()
  const documents = parseAllDocuments(source, {
    lineCounter: lines,
    schema: 'failsafe',
    uniqueKeys: true,
    prettyErrors: false,
  })
  const list = Array.isArray(documents) ? documents : []
  const findings = list.flatMap((document) =>
    document.errors.map(
      (e) => `line ${lines.linePos(e.pos[0]).line}: this is not YAML (${e.code})`,
    ),
  )
  if (findings.length > 0) throw refuseFile(file, findings)
  const [document] = list
  if (document === undefined || list.length > 1) {
    throw refuseFile(file, [`it holds ${list.length} documents instead of one`])
  }
  const refuse = (line: number | undefined, what: string) =>
    refuseFile(file, [`${at(line ?? 1)}${what}`])
  const treeOf = (node: unknown, depth: number): Tree => {
    if (depth > LIMITS.documentDepthMax) throw refuseFile(file, ['it is nested too deeply'])
    if (node === null) return { kind: 'null' }
    const line = lineOf(node)
    if (isAlias(node)) throw refuse(line, 'write the value instead of an alias')
    if (!PLAIN_TAG.test((node as Node).tag ?? '!')) {
      throw refuse(line, 'this tag means something to another program only; write the value')
    }
    if (isScalar(node)) {
      const text = textOf(node)
      return isNull(node, text) ? { kind: 'null', line } : { kind: 'text', text, line }
    }
    if (isSeq(node)) return { kind: 'list', json: jsonOf(node, depth), line }
    if (!isMap(node)) return { kind: 'null', line }
    const members = node.items.map(
      (pair) =>
        [String(isScalar(pair.key) ? pair.key.value : ''), treeOf(pair.value, depth + 1)] as const,
    )
    return { kind: 'map', members, line }
  }
  /** A part of a list, as JSON text: numbers keep their digits. */
  const jsonOf = (node: unknown, depth: number): string => {
    if (isSeq(node)) return `[${node.items.map((item) => partOf(item, depth)).join(',')}]`
    if (!isMap(node)) return isScalar(node) ? jsonScalar(node, textOf(node)) : 'null'
    const members = node.items.map(({ key, value }) => {
      if (!isScalar(key)) throw refuse(lineOf(node), 'a key is no text')
      return `${JSON.stringify(textOf(key))}:${partOf(value, depth)}`
    })
    return `{${members.join(',')}}`
  }
  /** What `treeOf` refuses is refused in lists as well. */
  const partOf = (node: unknown, depth: number): string => {
    treeOf(node, depth + 1)
    return jsonOf(node, depth + 1)
  }
  const lineOf = (node: unknown): number | undefined => {
    const range = (node as { range?: readonly number[] | null }).range
    return range?.[0] === undefined ? undefined : lines.linePos(range[0]).line
  }
  return entriesOf(file, treeOf(document.contents, 0))
}

/** The types of YAML itself. Others (`!Ref`, `!vault`, `!!binary`) stand for something that we do not know. */
const PLAIN_TAG = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq))$/

const textOf = ({ value, source }: Scalar): string =>
  typeof value === 'string' ? value : (source ?? '')

/** Its meaning is not decided by quotes or by a tag. */
const isPlain = ({ type, tag }: Scalar): boolean => type === 'PLAIN' && !/:str$|^!$/.test(tag ?? '')

const isNull = (node: Scalar, text: string): boolean =>
  isPlain(node) && /^(?:|~|null|Null|NULL)$/.test(text)

function jsonScalar(node: Scalar, text: string): string {
  if (isNull(node, text)) return 'null'
  const same = /^(?:true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(text)
  return same && isPlain(node) ? text : JSON.stringify(text)
}
