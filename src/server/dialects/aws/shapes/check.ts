import { faults } from '../errors/faults.ts'
import type { BlobShape, ListShape, NumberShape, Shape, StructShape, TextShape } from './shape.ts'

/**
 * The input of an operation, as its shape wants it: unknown members dropped, null taken as absent,
 * blobs decoded. All constraints that it breaks are named at once, in the service's words.
 * @throws AwsFault `SerializationException` for a member of another kind; `ValidationException`
 */
export function checkInput(body: unknown, shape: StructShape): Record<string, unknown> {
  if (!isObject(body)) throw faults.serialization('Start of structure or map expected.')
  const broken: string[] = []
  const input = ofStruct(body, shape, '', broken)
  if (broken.length === 0) return input
  const errors = broken.length === 1 ? 'error' : 'errors'
  throw faults.validation(
    `${broken.length} validation ${errors} detected: ${broken.slice(0, NAMED_MAX).join('; ')}`,
  )
}

function ofStruct(
  body: Readonly<Record<string, unknown>>,
  { entries, required }: StructShape,
  at: string,
  broken: string[],
): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  for (const { name, shape, shown } of entries) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined
    if (value !== undefined && value !== null) {
      input[name] = ofShape(value, shape, at + shown, broken)
    } else if (required.includes(name)) {
      const place = at + shown
      broken.push(`Value null at '${place}' failed to satisfy constraint: Member must not be null`)
    }
  }
  return input
}

function ofShape(value: unknown, shape: Shape, at: string, broken: string[]): unknown {
  switch (shape.kind) {
    case 'text':
      return ofText(value, shape, at, broken)
    case 'number':
      return ofNumber(value, shape, at, broken)
    case 'flag':
      if (typeof value === 'boolean') return value
      throw converted(value, 'Boolean')
    case 'blob':
      return ofBlob(value, shape, at, broken)
    case 'list':
      return ofList(value, shape, at, broken)
    case 'struct':
      if (isObject(value)) return ofStruct(value, shape, `${at}.`, broken)
      throw converted(value, 'structure')
    default:
      return shape satisfies never
  }
}

function ofText(value: unknown, shape: TextShape, at: string, broken: string[]): string {
  if (typeof value !== 'string') throw converted(value, 'String')
  if (!value.isWellFormed()) throw faults.serialization('A text holds half of a surrogate pair.')
  const { min = 0, max = Infinity, pattern, patternText, oneOf, sensitive } = shape
  const shown = sensitive === true ? 'Value' : `Value '${brief(value)}'`
  const fails = (must: string) =>
    broken.push(`${shown} at '${at}' failed to satisfy constraint: Member must ${must}`)
  if (value.length > max) fails(`have length less than or equal to ${max}`)
  if (value.length < min) fails(`have length greater than or equal to ${min}`)
  if (pattern?.test(value) === false) {
    fails(`satisfy regular expression pattern: ${patternText ?? pattern.source}`)
  }
  if (oneOf?.includes(value) === false) fails(`satisfy enum value set: [${oneOf.join(', ')}]`)
  return value
}

function ofNumber(value: unknown, shape: NumberShape, at: string, broken: string[]): number {
  if (typeof value !== 'number') throw converted(value, 'Integer')
  const whole = Math.trunc(value)
  const { min = -Infinity, max = Infinity } = shape
  const fails = (must: string) =>
    broken.push(`Value '${whole}' at '${at}' failed to satisfy constraint: Member must ${must}`)
  if (whole > max) fails(`have value less than or equal to ${max}`)
  if (whole < min) fails(`have value greater than or equal to ${min}`)
  return whole
}

function ofBlob(value: unknown, { min, max }: BlobShape, at: string, broken: string[]): Uint8Array {
  if (typeof value !== 'string' || !BASE64.test(value)) throw converted(value, 'Blob')
  const bytes = Buffer.from(value, 'base64')
  const fails = (must: string) =>
    broken.push(`Value at '${at}' failed to satisfy constraint: Member must ${must}`)
  if (bytes.length > max) fails(`have length less than or equal to ${max}`)
  if (bytes.length < min) fails(`have length greater than or equal to ${min}`)
  return bytes
}

function ofList(value: unknown, shape: ListShape, at: string, broken: string[]): unknown[] {
  if (!Array.isArray(value)) throw converted(value, 'list')
  const { of, min = 0, max = ITEMS_MAX } = shape
  const fails = (must: string) =>
    broken.push(
      `Value '[${brief(of.kind === 'text' ? value.join(', ') : `${value.length} items`)}]' at '${at}' failed to satisfy constraint: Member must ${must}`,
    )
  if (value.length > max) fails(`have length less than or equal to ${max}`)
  if (value.length < min) fails(`have length greater than or equal to ${min}`)
  return value.slice(0, max).map((item, i) => ofShape(item, of, `${at}.${i + 1}.member`, broken))
}

/** Says of what kind a value is, never what it is. */
function converted(value: unknown, to: string) {
  const from =
    value === null || typeof value === 'object'
      ? Array.isArray(value)
        ? 'START_ARRAY'
        : 'START_OBJECT'
      : (typeof value).toUpperCase()
  return faults.serialization(`${from}_VALUE can not be converted to a ${to}`)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const brief = (value: string) =>
  value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?)?$/
/** Of what AWS leaves open. */
const ITEMS_MAX = 1_000
const NAMED_MAX = 20
const SHOWN_MAX = 1_024
