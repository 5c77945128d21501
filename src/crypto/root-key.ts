import { CofferError } from '../core/errors.ts'

export const ROOT_KEY_BYTES = 32

/**
 * A root key from its text: 64 hex digits, or 32 bytes as base64 or base64url, padded or not. One
 * newline at the end is ignored. 64 characters of hex are hex; as base64 they would be 48 bytes,
 * which is no key.
 *
 * @throws CofferError `invalid_key` for anything else; the message never holds the text
 */
export function parseRootKey(text: string): Uint8Array {
  const key = text.replace(/\r?\n$/, '')
  const form = FORMS.find(({ pattern }) => pattern.test(key))
  const bytes = form === undefined ? undefined : Buffer.from(key, form.encoding)
  if (form === undefined || bytes?.length !== ROOT_KEY_BYTES || !isCanonical(key)) {
    throw new CofferError('invalid_key', whyNot(key))
  }
  const own = Uint8Array.from(bytes)
  bytes.fill(0)
  return own
}

/** Base64 with padding: what `parseRootKey` reads back. */
export const formatRootKey = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.length).toString('base64')

const FORMS = [
  { encoding: 'hex', pattern: /^[0-9a-fA-F]{64}$/ },
  { encoding: 'base64', pattern: /^[A-Za-z0-9+/]{43}=?$/ },
  { encoding: 'base64url', pattern: /^[A-Za-z0-9_-]{43}=?$/ },
] as const

/** 43 characters carry 258 bits: the last two must be zero, else two texts would be one key. */
const isCanonical = (key: string): boolean => key.length === 64 || LAST_CHARACTER.test(key)

const LAST_CHARACTER = /[AEIMQUYcgkosw048]=?$/

const FORMS_IN_WORDS = 'A root key is 32 bytes as base64, base64url or 64 hex characters'

function whyNot(key: string): string {
  if (key === '') return `${FORMS_IN_WORDS}; this one is empty.`
  if (/^[\x20-\x7e]{32}$/.test(key)) {
    return `${FORMS_IN_WORDS}; this one is 32 characters of plain text, and must be encoded first.`
  }
  return `${FORMS_IN_WORDS}; this one is ${key.length} characters of something else.`
}
