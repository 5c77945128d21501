import { decodeText, Secret } from '../core/secret.ts'
import type { SecretWatch } from '../core/secret.ts'

/** How a secret is made of what a schema yielded. */
export interface Held {
  readonly bytes: Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

/** Text that is already UTF-8 bytes: no string of it is made. */
export const holdText = (bytes: Uint8Array): Held => ({ bytes, decode: decodeText })

/**
 * Text and bytes rest as bytes, plain data as its serialization; only what cannot be serialized
 * without loss (an instance of a class, a function) is kept as it is, beside the bytes it was made
 * of, which `.equals()` then compares.
 */
export async function hold(output: unknown, source: Uint8Array): Promise<Held> {
  if (typeof output === 'string' && output.isWellFormed()) {
    return holdText(new TextEncoder().encode(output))
  }
  if (output instanceof Uint8Array) return { bytes: Uint8Array.from(output), decode: copy }
  if (!isPlainData(output, 0)) return holdAsIs(output, source)
  const { deserialize, serialize } = await import('node:v8')
  return { bytes: Uint8Array.from(serialize(output)), decode: deserialize }
}

export const toSecret = (
  held: Held,
  name: string,
  version: number | undefined,
  watch: SecretWatch<unknown> | undefined,
): Secret<unknown> => {
  const secret = new Secret({ ...held, name, version, watch })
  Object.freeze(secret)
  return secret
}

/** On its own, since functions that are made in one scope keep everything alive that one of them uses. */
const holdAsIs = (output: unknown, source: Uint8Array): Held => ({
  bytes: source,
  decode: () => output,
})

const copy = (bytes: Uint8Array) => Uint8Array.from(bytes)

const DEPTH_MAX = 64

function isPlainData(value: unknown, depth: number): boolean {
  if (typeof value === 'function' || typeof value === 'symbol' || depth > DEPTH_MAX) return false
  if (typeof value !== 'object' || value === null) return true
  if (value instanceof Date) return Object.getPrototypeOf(value) === Date.prototype
  const proto: unknown = Object.getPrototypeOf(value)
  if (proto !== Object.prototype && proto !== null && proto !== Array.prototype) return false
  return Object.values(value).every((part) => isPlainData(part, depth + 1))
}
