/**
 * What the places of a configuration are marked with. A registered symbol, so that a project's
 * own copy of this package and the command line's understand each other.
 */
export const NODE: unique symbol = Symbol.for('coffer.config.node')

export type NodeKind = 'env' | 'secretRef' | 'secretField' | 'config'

/** The kind of a marked thing, or undefined for anything else. */
export function nodeKind(value: unknown): NodeKind | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { [NODE]?: NodeKind })[NODE]
}
