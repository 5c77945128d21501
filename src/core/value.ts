import { CofferError } from './errors.ts'
import { decodeText } from './secret.ts'

/** A JSON object as a value: what Vault's dialect writes, and what `json` secrets hold. */
export type JsonValue =
  string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }
export type JsonObject = { [key: string]: JsonValue }

/** What a caller may store: text, bytes, or a JSON object. */
export type SecretValue = string | Uint8Array | JsonObject

/** How the stored bytes are read back. */
export type Encoding = 'text' | 'bytes' | 'json'

export interface EncodedValue {
  readonly encoding: Encoding
  readonly bytes: Uint8Array
}

/**
 * Value to bytes. Text must be well-formed Unicode: a lone surrogate would not come back.
 * @throws CofferError `invalid_value`
 */
export function encodeValue(value: SecretValue): EncodedValue {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) {
      throw new CofferError('invalid_value', 'The text holds half of a surrogate pair.', {
        remedy: 'Write it as bytes instead.',
      })
    }
    return { encoding: 'text', bytes: Buffer.from(value, 'utf8') }
  }
  if (value instanceof Uint8Array) return { encoding: 'bytes', bytes: Uint8Array.from(value) }
  if (isPlainObject(value)) return { encoding: 'json', bytes: Buffer.from(jsonOf(value), 'utf8') }
  throw new CofferError('invalid_value', 'A value is text, bytes or a JSON object.')
}

/** Of this realm or another: what has a class of its own would come back as something else. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function jsonOf(value: object): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch {
    // A cycle, a bigint or too many levels; the engine's own words would quote member names.
  }
  if (json?.startsWith('{') === true) return json
  throw new CofferError('invalid_value', 'The object cannot be written as JSON.')
}

const DECODE: Record<Encoding, (bytes: Uint8Array) => SecretValue> = {
  text: decodeText,
  bytes: (bytes) => Uint8Array.from(bytes),
  json: (bytes) => JSON.parse(decodeText(bytes)) as JsonObject,
}

export const decoderOf = (encoding: Encoding): ((bytes: Uint8Array) => SecretValue) =>
  DECODE[encoding]
