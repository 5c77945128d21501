import { CofferError } from '../core/errors.ts'

export const ROOT_KEY_BYTES = 32

/**
 * A root key from its text: 64 hex digits, or 32 bytes as base64 or base64url, padded or not. One
 * newline at the end is ignored. 64 characters of hex are hex; as base64 they would be 48 bytes,
 * which is no key. `source` is what messages call it.
 *
 * @throws CofferError `invalid_key` for anything else; the message never holds the text
 */
export function parseRootKey(text: string, source = 'The root key'): Uint8Array {
  const key = text.replace(/\r?\n$/, '')
  const form = FORMS.find(({ pattern }) => pattern.test(key))
  if (form === undefined) {
    throw new CofferError(
      'invalid_key',
      `${source} must be 32 bytes as base64, base64url or 64 hex characters; ${whatInstead(key)}.`,
    )
  }
  const pooled = Buffer.from(key, form.encoding)
  const own = Uint8Array.from(pooled)
  pooled.fill(0)
  return own
}

/** Base64 with padding: what `parseRootKey` reads back. */
export const formatRootKey = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.length).toString('base64')

/** 43 characters of base64 carry 258 bits: the last two must be zero, else two texts are one key. */
const FORMS = [
  { encoding: 'hex', pattern: /^[0-9a-fA-F]{64}$/ },
  { encoding: 'base64', pattern: /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=?$/ },
  { encoding: 'base64url', pattern: /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]=?$/ },
] as const

function whatInstead(key: string): string {
  if (key === '') return 'it is empty'
  if (/^[\x20-\x7e]{32}$/.test(key)) {
    return 'it is 32 characters of plain text, and a key must be encoded'
  }
  return `it is ${key.length} characters of something else`
}
