import type { JsonObject, JsonValue } from '../../../core/value.ts'
import { refuse } from './errors.ts'

/**
 * Fields of a body or query as leniently as Vault reads them: numbers and booleans may come as text.
 * Absent and null are `undefined`; what cannot be read is a 400.
 */
export function textField(body: Fields, name: string): string | undefined {
  const given = own(body, name)
  if (given === undefined) return undefined
  if (typeof given === 'string') return given
  if (typeof given === 'number' || typeof given === 'boolean') return String(given)
  throw unreadable(name, 'a string')
}

export function intField(body: Fields, name: string): number | undefined {
  const given = own(body, name)
  if (given === undefined || given === '') return undefined
  const number = typeof given === 'string' && /^\s*[+-]?\d+\s*$/.test(given) ? Number(given) : given
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  throw unreadable(name, 'a whole number')
}

export function boolField(body: Fields, name: string): boolean | undefined {
  const given = own(body, name)
  if (given === undefined || given === '') return undefined
  const known = typeof given === 'number' ? given !== 0 : given
  if (typeof known === 'boolean') return known
  if (typeof known === 'string' && known in BOOLEANS) return BOOLEANS[known]
  throw unreadable(name, 'a boolean')
}

/** An empty list is an empty map, as Go reads it and PHP writes it. */
export function objectField(body: Fields, name: string): JsonObject | undefined {
  const given = own(body, name)
  if (given === undefined) return undefined
  if (Array.isArray(given) && given.length === 0) return {}
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given
  throw unreadable(name, 'a map')
}

/** A map of names to text; numbers and booleans become text. */
export function textsField(body: Fields, name: string): Record<string, string> | undefined {
  const given = objectField(body, name)
  if (given === undefined) return undefined
  return Object.fromEntries(Object.keys(given).map((key) => [key, textField(given, key) ?? '']))
}

/** A list, one item, or items with commas between. */
export function listField(body: Fields, name: string): string[] | undefined {
  const given = own(body, name)
  if (given === undefined) return undefined
  if (Array.isArray(given)) return given.map((item) => scalarText(item, name))
  const text = scalarText(given, name)
  return text === '' ? [] : text.split(',').map((item) => item.trim())
}

export type Fields = Readonly<Record<string, JsonValue | undefined>>

/** What Go takes for a boolean. */
export const BOOLEANS: Readonly<Record<string, boolean>> = Object.assign(
  Object.create(null) as Record<string, boolean>,
  Object.fromEntries([
    ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true]),
    ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false]),
  ]),
)

function own(body: Fields, name: string): JsonValue | undefined {
  const given = Object.hasOwn(body, name) ? body[name] : undefined
  return given === null ? undefined : given
}

function scalarText(item: JsonValue, name: string): string {
  if (typeof item === 'string') return item
  if (typeof item === 'number' || typeof item === 'boolean') return String(item)
  throw unreadable(name, 'a list of scalars')
}

const unreadable = (name: string, wanted: string) =>
  refuse(400, `error converting input for field "${name}": expected ${wanted}`)
