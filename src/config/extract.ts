import { isUtf8 } from 'node:buffer'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { ProviderRef } from '../core/ports/provider.ts'
import { decodeText } from '../core/secret.ts'
import type { Secret } from '../core/secret.ts'

/** A resolved value after its `field` and `encoding`, before its schema. */
export interface Material {
  /**
   * What a schema is offered, in this order, until it accepts one: text; the JSON that the text
   * is, when it is an object or array; bytes. A number or boolean of a JSON value comes as itself
   * first.
   */
  candidates(): readonly unknown[]
  /** The value as UTF-8. @throws CofferError `invalid_value` when it is not text */
  text(): Uint8Array
}

/**
 * Takes the field out of the value and decodes it.
 * @throws CofferError `invalid_value`, which names the reference's parts and nothing of the value
 */
export function materialOf(ref: ProviderRef, secret: Secret<unknown>): Material {
  if (ref.field === undefined && ref.encoding === undefined) return whole(secret)
  const part = ref.field === undefined ? textOf(secret) : pick(jsonOf(secret), ref.field)
  if (ref.encoding === undefined) return ofJson(part)
  if (typeof part !== 'string') throw refuse('What is to be decoded is not text.')
  if (ref.encoding === 'utf8') return ofJson(part)
  return ofBytes(ref.encoding === 'hex' ? fromHex(part) : fromBase64(part))
}

function whole(secret: Secret<unknown>): Material {
  return {
    candidates() {
      const value = secret.reveal()
      if (value instanceof Uint8Array) return ofBytes(value).candidates()
      return ofJson(value).candidates()
    },
    text: () => ofBytes(secret.revealBytes()).text(),
  }
}

function ofBytes(bytes: Uint8Array): Material {
  return {
    candidates: () =>
      isUtf8(bytes) ? [...ofJson(decodeText(bytes)).candidates(), bytes] : [bytes],
    text() {
      if (!isUtf8(bytes)) throw refuse('The value is not text; give the reference a schema.')
      return bytes
    },
  }
}

function ofJson(value: unknown): Material {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw refuse('The field is a number that cannot be held exactly; store it as text.')
  }
  return {
    candidates() {
      if (typeof value === 'string')
        return /^\s*[{[]/.test(value) ? [value, ...json(value)] : [value]
      return value === null || value === undefined ? [value] : [value, plain(value)]
    },
    text() {
      if (value === null || value === undefined) throw refuse('The field is null.')
      return new TextEncoder().encode(plain(value))
    },
  }
}

const plain = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

function json(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}

function textOf(secret: Secret<unknown>): string {
  const bytes = secret.revealBytes()
  if (!isUtf8(bytes)) throw refuse('The value is not text, and cannot be decoded or have fields.')
  return decodeText(bytes)
}

function jsonOf(secret: Secret<unknown>): unknown {
  const [parsed] = json(textOf(secret))
  if (parsed === undefined) throw refuse('The value is not JSON, and has no fields.')
  return parsed
}

function pick(value: unknown, field: string): unknown {
  const keys = field.startsWith('/')
    ? field
        .slice(1)
        .split('/')
        .map((k) => k.replaceAll('~1', '/').replaceAll('~0', '~'))
    : field.split('.')
  if (keys.length > LIMITS.documentDepthMax) throw refuse('The field is too deep.')
  let found = value
  for (const key of keys) {
    // Enumerable as well: an array's length is its own, and no member.
    if (typeof found !== 'object' || found === null || !isMember(found, key)) {
      throw refuse('The value has no such field.')
    }
    found = (found as Record<string, unknown>)[key]
  }
  return found
}

const isMember = (object: object, key: string) =>
  Object.prototype.propertyIsEnumerable.call(object, key)

function fromHex(text: string): Uint8Array {
  const digits = text.trim()
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) throw refuse('It is not hex.')
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

/** RFC 4648 base64 or base64url, padded or not, line breaks allowed; nothing is skipped over. */
function fromBase64(text: string): Uint8Array {
  const digits = text.replace(/[\r\n\t ]/g, '')
  const body = digits.replace(/(?<!=)=+$/, '')
  const padding = digits.length - body.length
  const alphabet = /^[A-Za-z0-9+/]*$/.test(body) || /^[A-Za-z0-9_-]*$/.test(body)
  const bytes = Buffer.from(body, 'base64')
  const canonical = bytes.toString('base64url') === body.replaceAll('+', '-').replaceAll('/', '_')
  if (!alphabet || !canonical || (padding > 0 && digits.length % 4 !== 0)) {
    throw refuse('It is not base64.')
  }
  return Uint8Array.from(bytes)
}

const refuse = (why: string) =>
  new CofferError('invalid_value', why, { remedy: 'Correct the value or the reference to it.' })
