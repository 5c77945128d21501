import { _ } from 'ajv'
import type { CodeKeywordDefinition, FuncKeywordDefinition } from 'ajv'
import type Ajv from 'ajv/dist/core.js'
import type { Options } from 'ajv/dist/core.js'
import { LIMITS } from '../limits.ts'
import { compileRegex } from './regex.ts'

/**
 * How much one document may cost. Who writes a schema of a few lines could else have it take longer
 * than anybody waits: references that double at each level, or patterns over long text.
 */
export interface Effort {
  /** @throws EffortError once it is used up */
  spend(steps: number): void
  /** What is spent in here is counted; all else (of compiling) is free. */
  within<T>(work: () => T): T
}

export class EffortError extends Error {}

/** A step is a reference that is followed, a state of a pattern at a character, a character that is compared. */
export function effortOf(stepsMax: number = LIMITS.typeSchemaStepsMax): Effort {
  let left = Infinity
  return {
    spend(steps) {
      left -= steps
      if (left < 0) throw new EffortError()
    },
    within(work) {
      left = stepsMax
      try {
        return work()
      } finally {
        left = Infinity
      }
    },
  }
}

/**
 * Unknown keywords are refused: a misspelt one would check nothing. `format` is an annotation, as the
 * draft has it. Patterns run on our own matcher, which no value can make slow.
 */
export const ajvOptions = (effort: Effort): Options => ({
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  validateFormats: false,
  // What a reference leads to would be compiled once for each.
  inlineRefs: false,
  logger: false,
  code: { regExp: Object.assign(searcher(effort), { code: 'searcher' }) },
})

/** The keywords whose cost grows faster than schema and document do are counted from here on. */
export function countEffort<A extends Ajv.default>(ajv: A, effort: Effort): A {
  for (const keyword of REFERENCES) {
    const known = ajv.getKeyword(keyword)
    if (typeof known !== 'object' || !('code' in known)) continue
    ajv.removeKeyword(keyword)
    ajv.addKeyword(counted(known, effort))
  }
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword(uniqueItems(effort))
  return ajv
}

const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef']

const counted = (known: CodeKeywordDefinition, effort: Effort): CodeKeywordDefinition => ({
  ...known,
  code(cxt, ruleType) {
    const spend = cxt.gen.scopeValue('func', { ref: effort.spend })
    cxt.gen.code(_`${spend}(1)`)
    known.code(cxt, ruleType)
  },
})

/** ajv's own compares each item with each. */
const uniqueItems = ({ spend }: Effort): FuncKeywordDefinition => ({
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  error: { message: 'must NOT have duplicate items' },
  compile: (on: boolean) => (items: readonly unknown[]) => {
    if (!on) return true
    const texts = items.map((item) => {
      const text = canonical(item)
      spend(text.length)
      return text
    })
    return new Set(texts).size === items.length
  },
})

/** The same text for what is equal, whatever the order of members. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' ? JSON.stringify(value) : String(value)
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const members = Object.entries(value).map(([key, part]) => [JSON.stringify(key), canonical(part)])
  return `{${members
    .map((member) => member.join(':'))
    .toSorted()
    .join()}}`
}

/** ajv tells patterns apart by their `toString()`. */
const searcher =
  ({ spend }: Effort) =>
  (source: string): { test(text: string): boolean; toString(): string } => {
    const regex = compileRegex(source, 'u')
    return { test: (text) => regex.search(text, spend), toString: () => source }
  }
