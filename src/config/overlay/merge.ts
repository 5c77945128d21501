import type { DocumentNode, MapNode } from '../document/node.ts'

/**
 * One document over another: objects are merged key by key, everything else of `over` replaces what
 * is below it, as do lists and a `{ secretRef: … }` as a whole. Every part keeps its own place.
 */
export function mergeNodes(below: DocumentNode, over: DocumentNode): DocumentNode {
  if (isNothing(below)) return over
  if (!isTree(below) || !isTree(over)) return over
  const entries = new Map(below.entries)
  for (const [key, part] of over.entries) {
    const known = entries.get(key)
    entries.set(key, known === undefined ? part : mergeNodes(known, part))
  }
  const keysAt = new Map([...(below.keysAt ?? []), ...(over.keysAt ?? [])])
  return { kind: 'map', entries, keysAt, at: over.at }
}

/** Whether this part of a document is a `{ secretRef: … }`. */
export const isSecretRef = (node: DocumentNode): boolean =>
  node.kind === 'map' && node.entries.has('secretRef')

const isTree = (node: DocumentNode): node is MapNode => node.kind === 'map' && !isSecretRef(node)

const isNothing = (node: DocumentNode): boolean => node.kind === 'scalar' && node.value === null
