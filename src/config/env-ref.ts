import { CofferError } from '../core/errors.ts'
import { NODE } from './node.ts'
import type { Out, StandardSchema } from './standard-schema.ts'

/** A place filled from a variable of the process environment: configuration, not a secret. */
export interface EnvRef<Output = string> {
  readonly [NODE]: 'env'
  readonly name: string
  readonly schema: StandardSchema | undefined
  /** For inference only; absent at run time. */
  readonly '~output'?: { readonly output: Output }
}

/**
 * A value that is no secret, from the process environment. A variable that is set to the empty
 * string counts as unset; an unset one is a problem unless the schema accepts `undefined`, as one
 * with a default does. Without a schema it is text.
 *
 * @example
 * env('PORT', z.coerce.number().default(3000))
 */
export function env(name: string): EnvRef
export function env<S extends StandardSchema>(name: string, schema: S): EnvRef<Out<S>>
export function env(name: string, schema?: StandardSchema): EnvRef<unknown> {
  if (name === '')
    throw new CofferError('invalid_argument', 'env() names a variable; this is empty.')
  return Object.freeze({ [NODE]: 'env' as const, name, schema })
}
