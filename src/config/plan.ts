import type { CofferError } from '../core/errors.ts'
import type { ParsedReference } from './reference.ts'
import type { StandardSchema } from './standard-schema.ts'

/**
 * A configuration or document taken apart: the places that are to be filled, and how the whole is
 * put together from their values, given in the order of `places`.
 */
export interface Plan {
  readonly places: readonly Place[]
  readonly build: Build
}

export type Build = (values: readonly unknown[]) => unknown

export type Place = SecretPlace | EnvPlace | LiteralPlace | InlinePlace | BrokenPlace

interface Named {
  /** What it is called in print: `db.url`. */
  readonly name: string
  /** Where a document says so: `app.yaml:3:7`. */
  readonly at?: string | undefined
  readonly path: readonly string[]
}

/** Filled by a provider. */
export interface SecretPlace extends Named {
  readonly kind: 'secret'
  readonly reference: ParsedReference
  readonly schema?: StandardSchema | undefined
  readonly optional: boolean
}

/** Filled from the process environment. */
export interface EnvPlace extends Named {
  readonly kind: 'env'
  readonly variable: string
  readonly schema?: StandardSchema | undefined
}

/** A document's own value, to be validated. */
export interface LiteralPlace extends Named {
  readonly kind: 'literal'
  readonly value: unknown
  readonly schema: StandardSchema
}

/** A document's own value where a secret belongs, allowed by `allowInlineSecrets`. */
export interface InlinePlace extends Named {
  readonly kind: 'inline'
  readonly value: unknown
  readonly schema?: StandardSchema | undefined
}

/** Known to be wrong before anything is asked. */
export interface BrokenPlace extends Named {
  readonly kind: 'broken'
  readonly error: CofferError
}

/** A frozen object of these entries; `__proto__` is an ordinary key. */
export function frozenObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return Object.freeze(object)
}
