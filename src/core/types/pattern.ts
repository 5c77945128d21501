import { CofferError } from '../errors.ts'
import { remembering } from './memo.ts'
import { RegexError } from './regex-parse.ts'
import { compileRegex } from './regex.ts'
import type { Regex } from './regex.ts'
import { badValue } from './row.ts'
import type { TypeSpec } from './spec.ts'

export const PATTERN_CHARS_MAX = 256
/** Longer values cannot have a pattern. */
export const PATTERN_VALUE_CHARS_MAX = 16_384

/**
 * Whether the whole text matches `spec.pattern`, in time proportional to its length.
 * @throws CofferError `invalid_value`, or `invalid_argument` for a pattern that does not compile
 */
export function checkPattern(spec: TypeSpec, text: string): void {
  if (spec.pattern === undefined) return
  if (text.length > PATTERN_VALUE_CHARS_MAX) {
    throw badValue(spec, `with a pattern has at most ${PATTERN_VALUE_CHARS_MAX} characters`)
  }
  if (!compileValuePattern(spec.pattern).whole(text)) {
    throw badValue(spec, 'matches the pattern of its type')
  }
}

/** @throws CofferError `invalid_argument` */
export function compileValuePattern(source: string): Regex {
  if (source.length > PATTERN_CHARS_MAX) throw refuse(`is at most ${PATTERN_CHARS_MAX} characters`)
  try {
    return compiled(source)
  } catch (error) {
    if (error instanceof RegexError) throw refuse(error.message)
    throw error
  }
}

const compiled = remembering(100, (source) => compileRegex(source, 'v'))

const refuse = (why: string) =>
  new CofferError('invalid_argument', `The pattern of a type ${why}.`, {
    remedy: 'Correct the pattern; it must match the whole value.',
  })
