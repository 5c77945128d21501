import { generatePassword, generateToken } from './random-text.ts'
import { checkPattern } from './pattern.ts'
import { badValue, checkBounds, textOf } from './row.ts'
import type { TypeRow } from './row.ts'
import type { TypeSpec } from './spec.ts'

const CONSTRAINTS = ['pattern', 'min', 'max'] as const

/** Any well-formed Unicode text, the empty one too. */
export const string: TypeRow = {
  summary: 'Any text.',
  constraints: CONSTRAINTS,
  check: (spec, value) => checkText(spec, textOf(spec, value)),
  generate: generateToken,
}

/** A password with a line break at its end is a mistake nobody can see, so controls are refused. */
export const password: TypeRow = {
  summary: 'Text without control characters, at least one character.',
  constraints: CONSTRAINTS,
  check: (spec, value) => {
    const text = textOf(spec, value)
    if (text === '') throw badValue(spec, 'is not empty')
    if (CONTROL.test(text)) throw badValue(spec, 'has no line breaks or control characters')
    checkText(spec, text)
  },
  generate: generatePassword,
}

/** Fit for an HTTP header. */
const visible = (summary: string): TypeRow => ({
  summary,
  constraints: CONSTRAINTS,
  check: (spec, value) => {
    const text = textOf(spec, value)
    if (!VISIBLE.test(text)) {
      throw badValue(spec, 'is one or more visible ASCII characters, without spaces or line breaks')
    }
    checkText(spec, text)
  },
  generate: generateToken,
})

export const apiKey: TypeRow = visible('An API key: visible ASCII without spaces.')
export const token: TypeRow = visible('A token: visible ASCII without spaces.')

/** What every text obeys: length in Unicode code points, then the pattern. */
export function checkText(spec: TypeSpec, text: string): void {
  if (spec.min !== undefined || spec.max !== undefined) {
    checkBounds(spec, codePoints(text), ' characters')
  }
  checkPattern(spec, text)
}

const CONTROL = /\p{Cc}/u
const VISIBLE = /^[\x21-\x7e]+$/

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}
