import type { Options } from 'ajv/dist/2020.js'
import { compileRegex } from './regex.ts'

/**
 * Unknown keywords are refused: a misspelt one would check nothing. `format` is an annotation, as the
 * draft has it. Patterns run on our own matcher, which no value can make slow.
 */
export const AJV_OPTIONS: Options = {
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  validateFormats: false,
  addUsedSchema: false,
  logger: false,
  code: { regExp: Object.assign(searcher, { code: 'searcher' }) },
}

/** ajv tells patterns apart by their `toString()`. */
function searcher(source: string): { test(text: string): boolean; toString(): string } {
  const regex = compileRegex(source, 'u')
  return { test: (text) => regex.search(text), toString: () => source }
}
