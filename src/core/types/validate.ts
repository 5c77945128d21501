import { CofferError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { EncodedValue, JsonObject } from '../value.ts'
import { isDeeperThan } from './json.ts'
import { compileValuePattern } from './pattern.ts'
import type { TypeName, TypeSpec } from './spec.ts'
import { TYPES } from './table.ts'

/**
 * Whether a value is what its type says. Answers with a promise only for `json` with a schema.
 * @throws CofferError `invalid_value`; the message names the type and the constraint and holds
 * nothing of the value. `invalid_argument` when a JSON Schema does not compile
 */
export const checkValue = (spec: TypeSpec, value: EncodedValue): void | Promise<void> =>
  TYPES[spec.name].check(spec, value)

/**
 * Reads a type from outside. The answer is a fresh object with the known fields only.
 *
 * `min` and `max` count characters of text, bytes of `binary` and `encryptionKey`, and bound a
 * `number`. A constraint that means nothing for its type is refused. A schema is self-contained
 * (`$ref` begins with `#`), at most 16 384 characters as JSON and 32 levels deep.
 *
 * @throws CofferError `invalid_argument`
 */
export function checkTypeSpec(input: unknown): TypeSpec {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refuse('A type is an object with a name.')
  }
  const fields = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  const name = fields.get('name')
  if (!isTypeName(name)) throw refuse(`A type is one of ${Object.keys(TYPES).join(', ')}.`)
  const known = TYPES[name].constraints
  for (const key of fields.keys()) {
    if (key !== 'name' && !known.some((constraint) => constraint === key)) {
      const allowed = known.length === 0 ? 'no constraints' : known.join(', ')
      throw refuse(`Type ${name} takes ${allowed}, not ${JSON.stringify(key.slice(0, 64))}.`)
    }
  }
  const pattern = read(fields, 'pattern', patternFrom)
  const [min, max] = [read(fields, 'min', amountFrom(name)), read(fields, 'max', amountFrom(name))]
  if (min !== undefined && max !== undefined && min > max) throw refuse('min is greater than max.')
  const lengthBytes = read(fields, 'lengthBytes', lengthFrom)
  const schema = read(fields, 'schema', schemaFrom)
  return {
    name,
    ...(pattern === undefined ? {} : { pattern }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
    ...(schema === undefined ? {} : { schema }),
  }
}

const isTypeName = (input: unknown): input is TypeName =>
  typeof input === 'string' && Object.hasOwn(TYPES, input)

function read<T>(
  fields: ReadonlyMap<string, unknown>,
  key: string,
  from: (key: string, value: unknown) => T,
): T | undefined {
  const value = fields.get(key)
  return value === undefined ? undefined : from(key, value)
}

function patternFrom(_key: string, value: unknown): string {
  if (typeof value !== 'string') throw refuse('pattern is a string.')
  compileValuePattern(value)
  return value
}

const amountFrom =
  (name: TypeName) =>
  (key: string, value: unknown): number => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(`${key} is a number.`)
    if (name === 'number') return value
    if (Number.isSafeInteger(value) && value >= 0) return value
    throw refuse(`${key} of type ${name} is a whole number, 0 or more.`)
  }

function lengthFrom(key: string, value: unknown): number {
  if (Number.isSafeInteger(value)) {
    const length = value as number
    if (length >= 1 && length <= LIMITS.valueBytesMax) return length
  }
  throw refuse(`${key} is a whole number from 1 to ${LIMITS.valueBytesMax}.`)
}

function schemaFrom(key: string, value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(`${key} is an object.`)
  }
  if (isDeeperThan(value, LIMITS.documentDepthMax)) {
    throw refuse(`${key} is nested at most ${LIMITS.documentDepthMax} levels deep.`)
  }
  const text = jsonText(value)
  if (text === undefined) throw refuse(`${key} is JSON.`)
  if (text.length > LIMITS.typeSchemaCharsMax) {
    throw refuse(`${key} has at most ${LIMITS.typeSchemaCharsMax} characters as JSON.`)
  }
  const copy = JSON.parse(text) as JsonObject
  refuseRemote(copy)
  return copy
}

/** Undefined for what JSON cannot say: a BigInt, a `toJSON` that throws or answers with nothing. */
function jsonText(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** Nothing is ever fetched: a reference leads into the schema itself. */
function refuseRemote(node: unknown): void {
  if (typeof node !== 'object' || node === null) return
  for (const [key, inner] of Object.entries(node)) {
    if (
      (key === '$ref' || key === '$dynamicRef') &&
      !(typeof inner === 'string' && inner.startsWith('#'))
    ) {
      throw refuse(`${key} in the schema begins with "#": other documents are not read.`)
    }
    refuseRemote(inner)
  }
}

const refuse = (why: string) =>
  new CofferError('invalid_argument', why, {
    remedy: 'See docs/types.md for types and constraints.',
  })
