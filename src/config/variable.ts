import { CofferError } from '../core/errors.ts'
import { freeze } from './freeze.ts'
import type { StandardSchema } from './standard-schema.ts'
import { validate } from './validate.ts'

/**
 * A variable's value through its schema. The empty string counts as unset.
 * @throws CofferError `not_found`, `invalid_value`
 */
export async function readVariable(
  name: string,
  schema: StandardSchema | undefined,
  variables: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const found = Object.hasOwn(variables, name) ? variables[name] : undefined
  const value = found === '' ? undefined : found
  if (schema === undefined) {
    if (value === undefined) throw missing(name)
    return value
  }
  try {
    return freeze(await validate(schema, [value]))
  } catch (error) {
    throw value === undefined ? missing(name) : error
  }
}

const missing = (name: string) =>
  new CofferError('not_found', `The variable ${name} is not set.`, {
    remedy: `Set ${name}, or give it a default in its schema.`,
  })
