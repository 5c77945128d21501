import { isExactNumber, parseExactly } from './exact-json.ts'
import { decodeText } from './secret.ts'
import type { TypeSpec } from './types/spec.ts'
import type { EncodedValue, JsonObject, JsonValue, SecretValue } from './value.ts'

/**
 * A value where only objects can be (Vault): an object is itself, also one that is kept as text of
 * type `json`; other text is `{"value": "…"}`, bytes are that with base64. Answers with JSON text.
 */
export function objectText(value: EncodedValue, type: TypeSpec): string {
  if (value.encoding === 'bytes') return wrapped(Buffer.from(value.bytes).toString('base64'))
  const text = decodeText(value.bytes)
  return value.encoding === 'json' || (type.name === 'json' && isObjectText(text))
    ? text
    : wrapped(text)
}

/**
 * The way back: what becomes of an object that is written to a secret of a type. `{"value": "…"}` is
 * the text or the bytes again where the type takes no objects. What does not fit a type that says no
 * more than `string` or `binary` turns it into what fits.
 */
export function valueOfObject(
  object: JsonObject,
  type: TypeSpec | undefined,
): { readonly value: SecretValue; readonly type?: TypeSpec } {
  if (type === undefined || type.name === 'json') return { value: object }
  const isPlain = PLAIN_TYPES.has(type.name) && Object.keys(type).length === 1
  const { value, ...others } = object
  if (typeof value !== 'string' || Object.keys(others).length > 0) {
    return { value: object, ...(isPlain ? { type: { name: 'json' } } : {}) }
  }
  if (!BYTE_TYPES.has(type.name)) return { value }
  const bytes = base64(value)
  if (bytes !== undefined) return { value: bytes }
  return { value, ...(isPlain ? { type: { name: 'string' } } : {}) }
}

/** RFC 7396: members are replaced, `null` removes them, objects are merged, nothing else is. */
export function mergePatched(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) merged.delete(name)
    else merged.set(name, mergePatched(merged.get(name), change))
  }
  return Object.fromEntries(merged)
}

const PLAIN_TYPES: ReadonlySet<string> = new Set(['string', 'binary'])
const BYTE_TYPES: ReadonlySet<string> = new Set(['binary', 'encryptionKey'])

const wrapped = (text: string): string => `{"value":${JSON.stringify(text)}}`

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value)

function isObjectText(text: string): boolean {
  try {
    return isObject(parseExactly(text))
  } catch {
    return false
  }
}

/** Undefined for what is no canonical base64. */
function base64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
