import { at, entryOfVariable, refuseFile, type Entry, type ParsedFile } from './entry.ts'

/** A document after its format was read: text at the leaves, exactly as it was written. */
export type Tree =
  | { readonly kind: 'text'; readonly text: string; readonly line?: number | undefined }
  | { readonly kind: 'list'; readonly json: string; readonly line?: number | undefined }
  | { readonly kind: 'null'; readonly line?: number | undefined }
  | {
      readonly kind: 'map'
      readonly members: readonly (readonly [string, Tree])[]
      readonly line?: number | undefined
    }

const ENVIRONMENT_STYLE = /^[A-Z_][A-Z0-9_]*$/

/**
 * Keys become segments of paths; a key at the top in the style of a variable (`DB_URL`) is treated
 * as one. Lists are kept as JSON. What holds nothing (null, an empty map) is an error: it would be
 * lost.
 * @throws CofferError `invalid_argument` with every finding
 */
export function entriesOf(file: string, tree: Tree): ParsedFile {
  if (tree.kind !== 'map') throw refuseFile(file, ['it holds no object with names'])
  const entries: Entry[] = []
  const findings: string[] = []
  const visit = (keys: readonly string[], node: Tree): void => {
    const name = keys.join('/')
    if (node.kind === 'map') {
      if (node.members.length === 0)
        findings.push(`${at(node.line)}${name || 'the document'} is empty`)
      for (const [key, child] of node.members) visit([...keys, key], child)
    } else if (node.kind === 'null') {
      findings.push(`${at(node.line)}${name} is null: give it a value, or take it out`)
    } else if (keys.some((key) => key === '' || key.includes('/'))) {
      findings.push(`${at(node.line)}${name} has a key that cannot be part of a path`)
    } else {
      entries.push(leaf(keys, name, node))
    }
  }
  visit([], tree)
  if (findings.length > 0) throw refuseFile(file, findings)
  return { entries, notes: [] }
}

function leaf(
  keys: readonly string[],
  name: string,
  node: Tree & { kind: 'text' | 'list' },
): Entry {
  const value = node.kind === 'text' ? node.text : node.json
  const json = node.kind === 'list' ? ({ json: true } as const) : {}
  if (keys.length === 1 && ENVIRONMENT_STYLE.test(name)) {
    return { ...entryOfVariable(name, value, node.line), ...json }
  }
  return { name, relative: name, value, line: node.line, ...json }
}
