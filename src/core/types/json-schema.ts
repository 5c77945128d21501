import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { CofferError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../value.ts'
import { AJV_OPTIONS } from './ajv-options.ts'
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

/** By text: a record that is read again brings an equal schema, not the same one. */
const compiled = remembering(50, (text): ValidateFunction => {
  try {
    return new Ajv2020(AJV_OPTIONS).compile(JSON.parse(text) as JsonObject)
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
