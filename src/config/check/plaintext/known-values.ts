import type { Secret } from '../../../core/secret.ts'
import { isPlaceholder } from './placeholder.ts'

/** Finds out whether a text is, or holds, a value that is stored as a secret. */
export interface KnownValues {
  /** The path of the secret whose value the text is. */
  whoseValue(text: string): string | undefined
  /** The path of a secret whose value, when it is long enough, the text holds. */
  whoseValueIn(text: string): string | undefined
}

/** Of the values that were read. They are held for the time of one check, and go nowhere. */
export function knownValuesOf(
  read: Iterable<{ readonly path: string; readonly secret: Secret<unknown> }>,
): KnownValues {
  const byValue = new Map<string, string>()
  for (const { path, secret } of read) {
    const text = Buffer.from(secret.revealBytes()).toString('utf8').trim()
    if (tells(text)) byValue.set(text, path)
  }
  const long = [...byValue].filter(([value]) => value.length >= WITHIN_CHARS_MIN)
  return {
    whoseValue: (text) => byValue.get(text.trim()),
    whoseValueIn: (text) =>
      text.length < WITHIN_CHARS_MIN
        ? undefined
        : long.find(([value]) => text.includes(value))?.[1],
  }
}

const WHOLE_CHARS_MIN = 8
const WITHIN_CHARS_MIN = 12

/** Whether a value is one that nobody writes by chance: no word, no number, no plain address. */
function tells(text: string): boolean {
  if (text.length < WHOLE_CHARS_MIN || isPlaceholder(text)) return false
  if (/^[a-z][a-z+.-]*:\/\/[^:@\s]*$/i.test(text.replace(/:\d+(?=\/|$)/g, ''))) return false
  const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9\s._/-]/]
  return classes.filter((pattern) => pattern.test(text)).length >= 2
}
