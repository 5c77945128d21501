import type { Secret } from '../core/secret.ts'
import type { EnvRef } from './env-ref.ts'
import type { SecretField } from './secret-field.ts'
import type { SecretRef } from './secret-ref.ts'
import type { Out, StandardSchema } from './standard-schema.ts'

/** What a shape becomes when it is loaded. */
export type Resolve<T> =
  T extends SecretRef<infer Output, infer Optional>
    ? Held<Output, Optional>
    : T extends EnvRef<infer Output>
      ? Output
      : T extends Opaque
        ? T
        : { [K in keyof T]: T[K] } extends T
          ? { readonly [K in keyof T]: Resolve<T[K]> }
          : // Members that cannot be named are of a class, whose instances pass through.
            T

/** What a document becomes when it is loaded by this shape. */
export type ResolveDocument<T> =
  T extends SecretField<infer Output, infer Optional>
    ? Held<Output, Optional>
    : T extends StandardSchema
      ? Out<T>
      : T extends readonly (infer Item)[]
        ? readonly ResolveDocument<Item>[]
        : { readonly [K in keyof T]: ResolveDocument<T[K]> }

/** The shape of a document: schemas, `secret(…)`, objects of them, and `[item]` for a list. */
export type DocumentShape =
  | StandardSchema
  | SecretField<unknown, boolean>
  | readonly DocumentShape[]
  | { readonly [key: string]: DocumentShape }

type Held<Output, Optional> = Optional extends true ? Secret<Output> | undefined : Secret<Output>

type Opaque =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | null
  | undefined
  | ((...args: never[]) => unknown)
  | Date
  | RegExp
  | URL
  | Uint8Array
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Secret<unknown>
