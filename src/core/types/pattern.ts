import { CofferError } from '../errors.ts'
import { badValue } from './row.ts'
import type { TypeSpec } from './spec.ts'

export const PATTERN_CHARS_MAX = 256
/** Longer values cannot have a pattern. */
export const PATTERN_VALUE_CHARS_MAX = 4_096

/**
 * Whether the whole text matches `spec.pattern`.
 * @throws CofferError `invalid_value`, or `invalid_argument` for a pattern that does not compile
 */
export function checkPattern(spec: TypeSpec, text: string): void {
  if (spec.pattern === undefined) return
  if (text.length > PATTERN_VALUE_CHARS_MAX) {
    throw badValue(spec, `with a pattern has at most ${PATTERN_VALUE_CHARS_MAX} characters`)
  }
  if (!compileValuePattern(spec.pattern).test(text)) {
    throw badValue(spec, 'matches the pattern of its type')
  }
}

/** @throws CofferError `invalid_argument` */
export function compileValuePattern(source: string): RegExp {
  if (source.length > PATTERN_CHARS_MAX) {
    throw refuse(`is at most ${PATTERN_CHARS_MAX} characters`)
  }
  try {
    return new RegExp(`^(?:${source})$`, 'v')
  } catch {
    throw refuse('is a regular expression (ECMAScript, flag v)')
  }
}

const refuse = (why: string) =>
  new CofferError('invalid_argument', `The pattern of a type ${why}.`, {
    remedy: 'Correct the pattern; it must match the whole value.',
  })
