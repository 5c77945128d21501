import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

/** A document's own tree: plain data that knows where it was written. */
export type DocumentNode = ScalarNode | ListNode | MapNode

interface Positioned {
  /** `app.yaml:3:7`; undefined for what came as an object. */
  readonly at?: string | undefined
}

export interface ScalarNode extends Positioned {
  readonly kind: 'scalar'
  readonly value: unknown
}

export interface ListNode extends Positioned {
  readonly kind: 'list'
  readonly items: readonly DocumentNode[]
}

export interface MapNode extends Positioned {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, DocumentNode>
  /** Where the keys are written; absent for what came as an object. */
  readonly keysAt?: ReadonlyMap<string, string> | undefined
}

export type DocumentErrorCode = 'invalid_config' | 'too_large' | 'unknown_provider'

/** Something wrong with the document as such: it has no fields yet. */
export class DocumentError extends CofferError {
  readonly at: string | undefined

  constructor(
    code: DocumentErrorCode,
    message: string,
    at?: string,
    remedy = code === 'too_large' ? undefined : 'Correct the document.',
  ) {
    super(code, message, remedy === undefined ? {} : { remedy })
    this.at = at
  }
}

/** What is wrong with this part of a document. */
export const refuse = (why: string, { at }: DocumentNode): DocumentError =>
  new DocumentError('invalid_config', why, at)

/** Counts down what a document may hold, aliases expanded. */
export function budget(): (depth: number, at?: string) => void {
  let left = NODES_MAX
  return (depth, at) => {
    if (depth > LIMITS.documentDepthMax) {
      throw new DocumentError(
        'too_large',
        `A document is at most ${LIMITS.documentDepthMax} levels deep.`,
        at,
      )
    }
    if (--left < 0) {
      throw new DocumentError('too_large', `A document has at most ${NODES_MAX} values.`, at)
    }
  }
}

/** @throws DocumentError `invalid_config` for a key that could reach a prototype */
export function checkKey(key: string, at?: string): string {
  if (key !== '__proto__') return key
  throw new DocumentError('invalid_config', 'A document has no key __proto__.', at)
}

/** The tree of plain objects and arrays; anything else stands for itself. */
export function nodeOf(value: unknown, spend = budget(), depth = 0): DocumentNode {
  spend(depth)
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item) => nodeOf(item, spend, depth + 1)) }
  }
  if (!isPlain(value)) return { kind: 'scalar', value }
  const entries = Object.entries(value).map(
    ([key, part]) => [checkKey(key), nodeOf(part, spend, depth + 1)] as const,
  )
  return { kind: 'map', entries: new Map(entries) }
}

/** Back to plain data. */
export function valueOf(node: DocumentNode): unknown {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map(valueOf)
  return Object.fromEntries([...node.entries].map(([key, part]) => [key, valueOf(part)]))
}

const NODES_MAX = 200_000

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === Object.prototype || proto === null
}
