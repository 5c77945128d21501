import { NODE } from './node.ts'
import { parseReference } from './reference.ts'
import type { ParsedReference, WrittenReference } from './reference.ts'
import type { Out, StandardSchema } from './standard-schema.ts'

/** A place filled with a secret that lives elsewhere. */
export interface SecretRef<Output = string, Optional extends boolean = false> {
  readonly [NODE]: 'secretRef'
  readonly reference: ParsedReference
  readonly schema: StandardSchema | undefined
  readonly isOptional: Optional
  /** The same reference, `undefined` where the secret is absent. A denied one is still a problem. */
  optional(): SecretRef<Output, true>
  /** For inference only; absent at run time. */
  readonly '~output'?: { readonly output: Output }
}

/**
 * The names of a manifest's secrets. Empty here; the file that `coffer types` writes adds them, and
 * then a name that is not declared does not compile.
 */
export interface DeclaredSecrets {}

/** A reference as text: where names are declared one of them, an absolute path, or `provider:key`. */
export type ReferenceText = [keyof DeclaredSecrets] extends [never]
  ? string
  : keyof DeclaredSecrets | `/${string}` | `${string}:${string}`

/**
 * A secret by reference. `'db-url'` is relative to the prefix, `'/shop/dev/db-url'` is not;
 * `'env:CI_TOKEN'` asks another provider; the object form is absolute and names more.
 *
 * The schema sees the value when it is resolved and yields what `reveal()` returns; without one
 * the secret is text. A malformed reference is reported by `load` and `check`, with all the others.
 *
 * @example
 * secretRef('db-url', z.url())
 * secretRef({ path: 'shop/dev/api/db-url', label: 'previous' }).optional()
 */
export function secretRef(reference: ReferenceText | WrittenReference): SecretRef
export function secretRef<S extends StandardSchema>(
  reference: ReferenceText | WrittenReference,
  schema: S,
): SecretRef<Out<S>>
export function secretRef(
  reference: string | WrittenReference,
  schema?: StandardSchema,
): SecretRef<unknown> {
  return make(parseReference(reference), schema, false)
}

function make<Optional extends boolean>(
  reference: ParsedReference,
  schema: StandardSchema | undefined,
  isOptional: Optional,
): SecretRef<unknown, Optional> {
  return Object.freeze({
    [NODE]: 'secretRef' as const,
    reference,
    schema,
    isOptional,
    optional: () => make(reference, schema, true),
  })
}
