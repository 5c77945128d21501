import { CofferError } from '../../../core/errors.ts'
import type { ProviderRef } from '../../../core/ports/provider.ts'

/** Which Secret, and which of its data keys: all of them when there is none. */
export interface SecretKey {
  readonly namespace: string
  readonly name: string
  readonly member?: string | undefined
}

/** Kubernetes: names of objects (RFC 1123 label and subdomain) and keys of their data. */
const NAMESPACE = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const NAME = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/
const MEMBER = /^(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}$/

/**
 * `name`, `namespace/name`, `namespace/name/data-key`; a path with a leading slash, or of more than
 * three segments: its last is the data key, the others joined by `-` are the Secret's name.
 * @throws CofferError `invalid_reference`
 */
export function parseKey(ref: ProviderRef, namespace: string): SecretKey {
  if (ref.label !== undefined || ref.version !== undefined) {
    throw refuse('Kubernetes keeps no labels and no versions of a Secret.')
  }
  const rooted = ref.key.startsWith('/')
  const segments = ref.key.slice(rooted ? 1 : 0).split('/')
  const key = rooted || segments.length > 3 ? byPath(segments, namespace) : byName(segments)
  const found = { namespace, ...key }
  if (!NAMESPACE.test(found.namespace)) throw refuse('The namespace is none that can be.')
  if (!NAME.test(found.name)) throw refuse('The name is none that a Secret can have.')
  if (found.member !== undefined && !MEMBER.test(found.member)) {
    throw refuse('The data key is none that a Secret can have.')
  }
  return found
}

function byName([first = '', second, member]: readonly string[]) {
  if (second === undefined) return { name: first }
  return { namespace: first, name: second, member }
}

function byPath(segments: readonly string[], namespace: string): SecretKey {
  if (segments.length < 2) throw refuse('A path names a Secret and a data key of it.')
  if (segments.includes('')) throw refuse('A path has no empty segments.')
  return { namespace, name: segments.slice(0, -1).join('-'), member: segments.at(-1) }
}

const refuse = (why: string) =>
  new CofferError('invalid_reference', why, {
    remedy: 'Write it as kubernetes:namespace/name/data-key.',
  })
