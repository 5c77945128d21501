import type { JsonObject } from '../value.ts'

/** What a secret is, which is what its values are checked against, on write and on resolve. */
export type TypeName =
  | 'string'
  | 'password'
  | 'apiKey'
  | 'token'
  | 'json'
  | 'number'
  | 'boolean'
  | 'url'
  | 'connectionString'
  | 'certificate'
  | 'privateKey'
  | 'encryptionKey'
  | 'binary'

/** A type with its constraints. Everything but `name` is optional and only narrows. */
export interface TypeSpec {
  readonly name: TypeName
  /** A regular expression (ECMAScript, `v` flag) the whole text must match. */
  readonly pattern?: string
  /** Text: characters; binary and encryptionKey: bytes; number: the number itself. */
  readonly min?: number
  readonly max?: number
  /** encryptionKey: exact length in bytes. */
  readonly lengthBytes?: number
  /** json: a JSON Schema (draft 2020-12). */
  readonly schema?: JsonObject
}
