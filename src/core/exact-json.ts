import type { JsonValue } from './value.ts'

/**
 * Parses JSON so that writing it again gives every number as it was: `12345678901234567890` and
 * `1.0` stay what they are, where a plain parse rounds them. Such a number is an opaque object here.
 * @throws SyntaxError
 */
export const parseExactly = (text: string): JsonValue => exact.parse(text, keepNumber)

/** Whether it is such a number: an object to JavaScript, and none to JSON. */
export const isExactNumber = (value: unknown): boolean => exact.isRawJSON(value)

function keepNumber(_key: string, value: unknown, { source }: { source?: string }): unknown {
  return typeof value === 'number' && source !== undefined && String(value) !== source
    ? exact.rawJSON(source)
    : value
}

/** ECMAScript's "JSON.parse source text access", which the compiler's library does not know yet. */
const exact = JSON as unknown as {
  parse(text: string, reviver: typeof keepNumber): JsonValue
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): boolean
}
