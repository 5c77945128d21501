import { LIMITS } from '../../core/limits.ts'
import type { ParsedFile } from './entry.ts'
import { refuseFile } from './entry.ts'
import { entriesOf, type Tree } from './tree.ts'

/**
 * Reads one YAML document. Scalars stay as they are written (`010`, `yes`, `1.10`); anchors, tags
 * of other types and a key given twice are errors.
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
  const treeOf = (node: unknown, depth: number): Tree => {
    if (depth > LIMITS.documentDepthMax) throw refuseFile(file, ['it is nested too deeply'])
    if (node === null) return { kind: 'null' }
    const line = lineOf(node)
    if (isAlias(node))
      throw refuseFile(file, [`line ${line ?? 1}: write the value instead of an alias`])
    if (isScalar(node)) {
      const text = typeof node.value === 'string' ? node.value : ''
      const empty = node.type === 'PLAIN' && /^(?:|~|null|Null|NULL)$/.test(text)
      return empty ? { kind: 'null', line } : { kind: 'text', text, line }
    }
    if (isSeq(node)) return { kind: 'list', json: JSON.stringify(node.toJSON()), line }
    if (!isMap(node)) return { kind: 'null', line }
    const members = node.items.map(
      (pair) =>
        [String(isScalar(pair.key) ? pair.key.value : ''), treeOf(pair.value, depth + 1)] as const,
    )
    return { kind: 'map', members, line }
  }
  const lineOf = (node: unknown): number | undefined => {
    const range = (node as { range?: readonly number[] | null }).range
    return range?.[0] === undefined ? undefined : lines.linePos(range[0]).line
  }
  return entriesOf(file, treeOf(document.contents, 0))
}
