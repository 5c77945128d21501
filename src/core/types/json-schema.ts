import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Options, ValidateFunction } from 'ajv/dist/2020.js'
import { CofferError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../value.ts'
import { compileRegex } from './regex.ts'
import { remembering } from './memo.ts'
import { badValue } from './row.ts'
import type { TypeSpec } from './spec.ts'

/**
 * Checks a document against a JSON Schema (draft 2020-12).
 * @throws CofferError `invalid_value`, which names the schema's keyword that failed and nothing of
 * the document; `invalid_argument` when the schema itself is not valid
 */
export function checkAgainst(spec: TypeSpec, schema: JsonObject, document: JsonValue): void {
  const validate = compiled(JSON.stringify(schema))
  if (validate(document)) return
  const keyword = validate.errors?.[0]?.keyword ?? 'schema'
  validate.errors = null
  throw badValue(spec, `fits its JSON Schema (keyword "${keyword}")`)
}

/**
 * Unknown keywords are refused: a misspelt one would check nothing. `format` is an annotation, as the
 * draft has it. Patterns run on our own matcher, which no value can make slow.
 */
const OPTIONS: Options = {
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  validateFormats: false,
  addUsedSchema: false,
  logger: false,
  code: { regExp: Object.assign(searcher, { code: 'searcher' }) },
}

/** By text: a record that is read again brings an equal schema, not the same one. */
const compiled = remembering(50, (text): ValidateFunction => {
  try {
    return new Ajv2020(OPTIONS).compile(JSON.parse(text) as JsonObject)
  } catch {
    throw new CofferError(
      'invalid_argument',
      'The schema of the type is not a valid JSON Schema.',
      {
        remedy:
          'Write it in draft 2020-12, with keywords that the draft knows and patterns without look-around or back-references.',
      },
    )
  }
})

/** ajv tells patterns apart by their `toString()`. */
function searcher(source: string): { test(text: string): boolean; toString(): string } {
  const regex = compileRegex(source, 'u')
  return { test: (text) => regex.search(text), toString: () => source }
}
