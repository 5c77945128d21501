import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { CofferError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../value.ts'
import { remembering } from './memo.ts'
import { badValue } from './row.ts'
import { ajvOptions, countEffort, EffortError, effortOf } from './schema-effort.ts'
import type { Effort } from './schema-effort.ts'
import type { TypeSpec } from './spec.ts'

/**
 * Checks a document against a JSON Schema (draft 2020-12), in a bounded time.
 * @throws CofferError `invalid_value`, which names the schema's keyword that failed and nothing of
 * the document; `invalid_argument` when the schema itself is not valid
 */
export function checkAgainst(spec: TypeSpec, schema: JsonObject, document: JsonValue): void {
  const { validate, effort } = compiled(JSON.stringify(schema))
  if (fits(spec, () => effort.within(() => validate(document)))) return
  const keyword = validate.errors?.[0]?.keyword ?? 'schema'
  validate.errors = null
  throw badValue(spec, `fits its JSON Schema (keyword "${keyword}")`)
}

function fits(spec: TypeSpec, work: () => boolean): boolean {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof EffortError)) throw error
    const why = 'is checked by its JSON Schema in a bounded time, and this takes longer'
    throw badValue(spec, why, 'Write a schema with fewer references and shorter patterns.')
  }
}

interface Compiled {
  readonly validate: ValidateFunction
  readonly effort: Effort
}

/** By text: a record that is read again brings an equal schema, not the same one. */
const compiled = remembering(50, (text): Compiled => {
  const effort = effortOf()
  try {
    const ajv = countEffort(new Ajv2020(ajvOptions(effort)), effort)
    return { validate: ajv.compile(JSON.parse(text) as JsonObject), effort }
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
