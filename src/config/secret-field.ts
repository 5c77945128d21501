import { NODE } from './node.ts'
import type { Out, StandardSchema } from './standard-schema.ts'

/** A place of a document that must hold a `secretRef`. */
export interface SecretField<Output = string, Optional extends boolean = false> {
  readonly [NODE]: 'secretField'
  readonly schema: StandardSchema | undefined
  readonly isOptional: Optional
  /** May be missing from the document, and its secret may be absent. */
  optional(): SecretField<Output, true>
  /** For inference only; absent at run time. */
  readonly '~output'?: { readonly output: Output }
}

/**
 * Marks a field of a document's shape as secret: it must be a `secretRef`; a literal there is
 * refused as `inline_secret` unless `allowInlineSecrets`.
 *
 * @example
 * loadDocument('app.yaml', { db: { url: secret(z.url()) } }, { coffer })
 */
export function secret(): SecretField
export function secret<S extends StandardSchema>(schema: S): SecretField<Out<S>>
export function secret(schema?: StandardSchema): SecretField<unknown> {
  return make(schema, false)
}

function make<Optional extends boolean>(
  schema: StandardSchema | undefined,
  isOptional: Optional,
): SecretField<unknown, Optional> {
  return Object.freeze({
    [NODE]: 'secretField' as const,
    schema,
    isOptional,
    optional: () => make(schema, true),
  })
}
