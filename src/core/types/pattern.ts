import { CofferError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { remembering } from './memo.ts'
import { RegexError } from './regex-parse.ts'
import { compileRegex } from './regex.ts'
import type { Regex } from './regex.ts'
import { badValue } from './row.ts'
import type { TypeSpec } from './spec.ts'

/**
 * Whether the whole text matches `spec.pattern`, in time proportional to its length.
 * @throws CofferError `invalid_value`, or `invalid_argument` for a pattern that does not compile
 */
export function checkPattern(spec: TypeSpec, text: string): void {
  if (spec.pattern === undefined) return
  if (text.length > LIMITS.typePatternValueCharsMax) {
    throw badValue(spec, `with a pattern has at most ${LIMITS.typePatternValueCharsMax} characters`)
  }
  if (!compileValuePattern(spec.pattern).whole(text)) {
    throw badValue(spec, 'matches the pattern that is asked of it')
  }
}

/** @throws CofferError `invalid_argument` */
export function compileValuePattern(source: string): Regex {
  if (source.length > LIMITS.typePatternCharsMax)
    throw refuse(`is at most ${LIMITS.typePatternCharsMax} characters`)
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
