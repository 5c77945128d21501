import { CofferError } from '../../core/errors.ts'
import type { SchemaIssue } from '../../core/types/document-schema.ts'
import type { DocumentNode } from '../document/node.ts'
import type { BrokenPlace } from '../plan.ts'
import { isSecretRef } from './merge.ts'
import type { Overlays } from './read.ts'

/**
 * What does not fit the overlays' schema, each at the place it came from: `inline_secret` for a value
 * where the schema says `"secret": true`, else `invalid_config`. None where there is no schema.
 * @throws CofferError `invalid_config` for a schema that is none
 */
export async function checkOverlays({ node, schema }: Overlays): Promise<readonly BrokenPlace[]> {
  if (schema === undefined) return []
  const { compileDocumentSchema, SECRET_HERE } = await import('../../core/types/document-schema.ts')
  const issuesOf = inFile(schema.file, () => compileDocumentSchema(schema.value))
  return issuesOf(valueOf(node, SECRET_HERE)).map((issue) => placeOf(issue, node))
}

function placeOf({ path, key, keyword, message }: SchemaIssue, root: DocumentNode): BrokenPlace {
  let node = root
  for (const step of path) node = partOf(node, step) ?? node
  const at = (key === undefined ? undefined : keyAt(node, key)) ?? node.at
  const full = key === undefined ? path : [...path, key]
  return { kind: 'broken', name: full.join('.'), path: full, at, error: errorOf() }

  function errorOf(): CofferError {
    if (keyword === 'secret') {
      return new CofferError('inline_secret', 'A secret is written here instead of a secretRef.')
    }
    const why = isSecretRef(node)
      ? 'This is a secretRef, and the schema does not say "secret": true here.'
      : message
    return new CofferError('invalid_config', why, { remedy: 'Correct the overlay, or its schema.' })
  }
}

function partOf(node: DocumentNode, step: string): DocumentNode | undefined {
  if (node.kind === 'map') return node.entries.get(step)
  return node.kind === 'list' ? node.items[Number(step)] : undefined
}

const keyAt = (node: DocumentNode, key: string): string | undefined =>
  node.kind === 'map' ? node.keysAt?.get(key) : undefined

/** Plain data, with `secret` for each `{ secretRef: … }`. */
function valueOf(node: DocumentNode, secret: object): unknown {
  if (isSecretRef(node)) return secret
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map((item) => valueOf(item, secret))
  return Object.fromEntries(
    [...node.entries].map(([key, part]) => [key, valueOf(part, secret)] as const),
  )
}

function inFile<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    const { code, message, remedy } = error
    throw new CofferError(code, `${file}: ${message}`, { remedy })
  }
}
