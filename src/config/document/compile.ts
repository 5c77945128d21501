import { CofferError } from '../../core/errors.ts'
import type { DocumentShape } from '../infer.ts'
import { nodeKind } from '../node.ts'
import { frozenObject } from '../plan.ts'
import type { Build, Place, Plan } from '../plan.ts'
import { parseReference } from '../reference.ts'
import type { ParsedReference } from '../reference.ts'
import type { SecretField } from '../secret-field.ts'
import { place } from '../shape.ts'
import { isSchema } from '../standard-schema.ts'
import { valueOf } from './node.ts'
import type { DocumentNode, MapNode } from './node.ts'

/** A document taken apart by its shape. What does not fit becomes a place that is known broken. */
export function compileDocument(
  node: DocumentNode,
  shape: DocumentShape | undefined,
  options: { readonly allowInlineSecrets?: boolean | undefined },
): Plan {
  const places: Place[] = []
  const build = compile({ shape, path: [], at: node.at }, node, { places, ...options })
  return { places, build }
}

/** A `{ secretRef: … }`, with `optional` and `env` beside it if they are there. */
export function readSecretRef(
  node: MapNode,
): { reference: ParsedReference; optional: boolean } | { error: CofferError } {
  const reference = node.entries.get('secretRef')
  const stray = [...node.entries.keys()].find((key) => !SIBLINGS.includes(key))
  if (reference === undefined || stray !== undefined) {
    return { error: invalid(`Beside secretRef stand only ${SIBLINGS.slice(1).join(' and ')}.`) }
  }
  const [optional, env] = ['optional', 'env'].map((key) => {
    const part = node.entries.get(key)
    return part === undefined ? undefined : valueOf(part)
  })
  if (optional !== undefined && typeof optional !== 'boolean') {
    return { error: invalid('optional is true or false.') }
  }
  const written = valueOf(reference)
  if (env === undefined) return { reference: parseReference(written), optional: optional ?? false }
  const named = parseReference({ path: 'x', envName: env })
  const parsed = parseReference(written)
  const error = parsed.error ?? named.error
  return { reference: { ...parsed, envName: named.envName, error }, optional: optional ?? false }
}

const isSecretRef = (node: DocumentNode | undefined): node is MapNode =>
  node?.kind === 'map' && node.entries.has('secretRef')

interface Spot {
  readonly shape: DocumentShape | undefined
  readonly path: readonly string[]
  readonly at: string | undefined
}

interface Making {
  readonly places: Place[]
  readonly allowInlineSecrets?: boolean | undefined
}

const SIBLINGS: readonly string[] = ['secretRef', 'optional', 'env']

function compile(spot: Spot, node: DocumentNode | undefined, making: Making): Build {
  const { shape } = spot
  if (isSecretRef(node)) return compileSecretRef(spot, node, making)
  if (isSecretField(shape)) return compileSecretField(spot, shape, node, making)
  if (isSchema(shape)) {
    const inner = node === undefined ? undefined : findSecretRef(node)
    if (inner !== undefined) return broken({ ...spot, at: inner.at }, NOT_SECRET, making)
    const value = node === undefined ? undefined : valueOf(node)
    return place({ kind: 'literal', ...named(spot), value, schema: shape }, making.places)
  }
  if (Array.isArray(shape)) return compileList(spot, shape[0], node, making)
  if (shape === undefined) return compileFree(spot, node, making)
  return compileMap(spot, shape as Readonly<Record<string, DocumentShape>>, node, making)
}

function compileSecretRef(spot: Spot, node: MapNode, making: Making): Build {
  const { shape } = spot
  if (shape !== undefined && !isSecretField(shape)) return broken(spot, NOT_SECRET, making)
  const read = readSecretRef(node)
  if ('error' in read) return broken(spot, read.error, making)
  const optional = read.optional || (shape?.isOptional ?? false)
  const { reference } = read
  const made = {
    kind: 'secret',
    ...named(spot),
    reference,
    schema: shape?.schema,
    optional,
  } as const
  return place(made, making.places)
}

function compileSecretField(
  spot: Spot,
  { schema, isOptional }: SecretField<unknown, boolean>,
  node: DocumentNode | undefined,
  making: Making,
): Build {
  const value = node === undefined ? undefined : valueOf(node)
  if (value === undefined || value === null) {
    return isOptional ? () => undefined : broken(spot, absent('secretRef'), making)
  }
  if (making.allowInlineSecrets !== true) {
    const isMembers = typeof value === 'object'
    const error = new CofferError(
      'inline_secret',
      isMembers
        ? 'This has members, and none of them is secretRef.'
        : 'A secret is written here instead of a secretRef.',
      isMembers
        ? { remedy: 'Write secretRef: "path", in these letters, and nothing beside it.' }
        : {},
    )
    return broken(spot, error, making)
  }
  return place({ kind: 'inline', ...named(spot), value, schema }, making.places)
}

function compileList(
  spot: Spot,
  shape: DocumentShape | undefined,
  node: DocumentNode | undefined,
  making: Making,
): Build {
  if (Array.isArray(spot.shape) && spot.shape.length !== 1) {
    throw invalid(`${spot.path.join('.')}: the shape of a list holds the shape of its items.`)
  }
  if (node?.kind !== 'list') {
    return broken(spot, node === undefined ? absent('list') : invalid('This is a list.'), making)
  }
  const parts = node.items.map((item, i) =>
    compile({ shape, path: [...spot.path, String(i)], at: item.at }, item, making),
  )
  return (values) => Object.freeze(parts.map((build) => build(values)))
}

function compileMap(
  spot: Spot,
  shape: Readonly<Record<string, DocumentShape>>,
  node: DocumentNode | undefined,
  making: Making,
): Build {
  const entries = entriesOf(node)
  if (entries === undefined) return broken(spot, invalid('This is an object.'), making)
  for (const [key, part] of entries) {
    if (Object.hasOwn(shape, key)) continue
    const error = invalid('The shape has no such key.')
    broken({ shape: undefined, path: [...spot.path, key], at: part.at }, error, making)
  }
  const parts = Object.entries(shape).map(([key, inner]) => {
    const part = entries.get(key)
    const at = part?.at ?? spot.at
    return [key, compile({ shape: inner, path: [...spot.path, key], at }, part, making)] as const
  })
  return object(parts)
}

/** Nothing at all and an empty object are the same here. */
function entriesOf(node: DocumentNode | undefined): ReadonlyMap<string, DocumentNode> | undefined {
  if (node === undefined || (node.kind === 'scalar' && node.value === null)) return new Map()
  return node.kind === 'map' ? node.entries : undefined
}

function compileFree(spot: Spot, node: DocumentNode | undefined, making: Making): Build {
  if (node === undefined) return () => undefined
  if (node.kind === 'scalar') return () => node.value
  if (node.kind === 'list') return compileList(spot, undefined, node, making)
  const parts = [...node.entries].map(([key, part]) => {
    const inner = { shape: undefined, path: [...spot.path, key], at: part.at }
    return [key, compile(inner, part, making)] as const
  })
  return object(parts)
}

const object =
  (parts: readonly (readonly [string, Build])[]): Build =>
  (values) =>
    frozenObject(parts.map(([key, build]) => [key, build(values)] as const))

const broken = (spot: Spot, error: CofferError, { places }: Making): Build =>
  place({ kind: 'broken', ...named(spot), error }, places)

const named = ({ path, at }: Spot) => ({ name: path.join('.'), path, at })

const isSecretField = (shape: DocumentShape | undefined): shape is SecretField<unknown, boolean> =>
  nodeKind(shape) === 'secretField'

function findSecretRef(node: DocumentNode): DocumentNode | undefined {
  if (node.kind === 'scalar') return undefined
  if (node.kind === 'map' && node.entries.has('secretRef')) return node
  const parts = node.kind === 'list' ? node.items : [...node.entries.values()]
  return parts.map(findSecretRef).find((found) => found !== undefined)
}

const invalid = (why: string) =>
  new CofferError('invalid_config', why, { remedy: 'Correct the document, or its shape.' })

const absent = (what: string) =>
  new CofferError('not_found', `The document has no ${what} here.`, {
    remedy: 'Add it to the document, or make it optional in the shape.',
  })

const NOT_SECRET = invalid('This is a secretRef, and the shape does not say secret() here.')
