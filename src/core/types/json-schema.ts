import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { CofferError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../value.ts'
import { badValue } from './row.ts'
import type { TypeSpec } from './spec.ts'

/**
 * Checks a document against a JSON Schema (draft 2020-12).
 * @throws CofferError `invalid_value`, which names the schema's keyword that failed and nothing of
 * the document; `invalid_argument` when the schema itself is not valid
 */
export function checkAgainst(spec: TypeSpec, schema: JsonObject, document: JsonValue): void {
  const validate = compiled(schema)
  if (validate(document)) return
  const keyword = validate.errors?.[0]?.keyword ?? 'schema'
  validate.errors = null
  throw badValue(spec, `fits its JSON Schema (keyword "${keyword}")`)
}

const cache = new WeakMap<JsonObject, ValidateFunction>()

function compiled(schema: JsonObject): ValidateFunction {
  const known = cache.get(schema)
  if (known !== undefined) return known
  try {
    const ajv = new Ajv2020({
      strict: true,
      logger: false,
      validateFormats: false,
      addUsedSchema: false,
    })
    const validate = ajv.compile(schema)
    cache.set(schema, validate)
    return validate
  } catch {
    throw new CofferError(
      'invalid_argument',
      'The schema of the type is not a valid JSON Schema.',
      {
        remedy: 'Write it in draft 2020-12, with keywords that the draft knows.',
      },
    )
  }
}
