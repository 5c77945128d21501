import { badValue, checkBounds, textOf } from './row.ts'
import type { TypeRow } from './row.ts'

export const number: TypeRow = {
  summary: 'A finite number as JSON writes it: 42, -0.5, 1e3.',
  constraints: ['min', 'max'],
  check: (spec, value) => {
    const text = textOf(spec, value)
    const amount = JSON_NUMBER.test(text) ? Number(text) : Number.NaN
    if (!Number.isFinite(amount)) {
      throw badValue(spec, 'is a finite number as JSON writes it, without spaces')
    }
    checkBounds(spec, amount, '')
  },
}

export const boolean: TypeRow = {
  summary: 'true or false.',
  constraints: [],
  check: (spec, value) => {
    const text = textOf(spec, value)
    if (text !== 'true' && text !== 'false') throw badValue(spec, 'is true or false, exactly')
  },
}

/** RFC 8259, section 6. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
