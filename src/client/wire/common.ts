import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import type { TypeName } from '../../core/types/spec.ts'
import type { JsonObject, JsonValue } from '../../core/value.ts'

/**
 * What the schemas of the native API are made of. A schema settles the shape: types, members, and
 * which of them there may be. Limits that the engine enforces with an error of its own
 * (`too_large`, `invalid_label` …) are only told here, so that a refusal has the same code over HTTP
 * as in process.
 */

/** Text whose longest is the engine's business. */
export const text = (charsMax?: number) =>
  charsMax === undefined ? z.string() : z.string().meta({ maxLength: charsMax })

/** A number that the engine checks to be whole and within these. */
export const whole = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z.number().meta({ type: 'integer', minimum, maximum })

/** A whole number that nobody else checks. */
export const wholeHere = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z.number().int().min(min).max(max)

/** Milliseconds since 1970 UTC. */
export const instant = () => whole(0, INSTANT_MAX)

/** What a segment of a path never holds: enough for a client to refuse most mistakes by itself. */
const SEGMENT =
  '[^/\\\\\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u200b-\\u200f\\u2028-\\u202e\\ufeff]+'

export const path = () =>
  z.string().meta({
    description: `project/env/service/name: Unicode in form C, at most ${LIMITS.pathBytesMax} bytes of UTF-8 and ${LIMITS.pathSegmentsMax} segments, none of them . or ..`,
    minLength: 1,
    pattern: `^/?${SEGMENT}(?:/${SEGMENT})*$`,
    examples: ['shop/prod/api/stripe-key'],
  })

/** A path or a label among many, which is refused by itself when it is none. */
export const anyText = () => z.string()

export const label = () =>
  z.string().meta({
    minLength: 1,
    maxLength: LIMITS.labelCharsMax,
    pattern: '^[A-Za-z][A-Za-z0-9._:/=+@-]*$',
    examples: ['current'],
  })

/** A label that nobody else checks. */
export const labelHere = () => z.string().regex(/^[A-Za-z][A-Za-z0-9._:/=+@-]{0,255}$/)

/** The name of a policy or role. */
export const accessName = () =>
  z.string().meta({
    minLength: 1,
    maxLength: 64,
    pattern: '^[a-z0-9][a-z0-9._-]{0,63}$',
    examples: ['readers'],
  })

export const actorName = () =>
  z.string().meta({
    minLength: 3,
    maxLength: LIMITS.actorCharsMax,
    pattern: '^[a-z][a-z0-9-]{0,31}:[^\\s]+$',
    examples: ['service:ci'],
  })

export const cursor = () =>
  z.string().meta({ description: 'Where the page before ended. Opaque.', minLength: 1 })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Where roles or issuers of a kind are kept: `approle`, `ci/gitlab`. */
export const mount = () =>
  z.string().meta({
    minLength: 1,
    maxLength: LIMITS.credentialNameCharsMax,
    pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*$',
    examples: ['approle'],
  })

/** The name of a role that is logged in to. */
export const roleName = () =>
  z.string().meta({
    minLength: 1,
    maxLength: LIMITS.credentialNameCharsMax,
    pattern: '^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$',
    examples: ['deploy'],
  })

/** What a credential is called for people. */
export const displayName = () =>
  z.string().meta({
    minLength: 1,
    maxLength: LIMITS.credentialNameCharsMax,
    pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u200b-\\u200f\\u2028-\\u202e\\ufeff]+$',
  })

export const accessor = () => z.string().meta({ minLength: 1, pattern: '^[A-Za-z0-9]+$' })

export const accessKeyId = () =>
  z.string().meta({ pattern: '^AKIA[A-Z0-9]{16}$', examples: ['AKIAIOSFODNN7EXAMPLE'] })

/** A time to live; 0 stands for "without". */
export const seconds = () => wholeHere(0, LIMITS.tokenTtlSecondsMax)

/** Any JSON object, `__proto__` as a member like another. Its depth was checked when it was parsed. */
export const jsonObject = () =>
  z.custom<JsonObject>(isObject, 'expected an object').meta({ type: 'object' })

/** Names with text. Kept as it came: the engine checks names and lengths. */
export const texts = (members: { maxProperties?: number; charsMax?: number } = {}) =>
  z
    .custom<Readonly<Record<string, string>>>(
      (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'string'),
      'expected an object of texts',
    )
    .meta({
      type: 'object',
      additionalProperties: {
        type: 'string',
        ...(members.charsMax === undefined ? {} : { maxLength: members.charsMax }),
      },
      ...(members.maxProperties === undefined ? {} : { maxProperties: members.maxProperties }),
    })

/** Names with whole numbers: labels. */
export const numbers = () =>
  z
    .custom<Readonly<Record<string, number>>>(
      (value) => isObject(value) && Object.values(value).every((one) => typeof one === 'number'),
      'expected an object of numbers',
    )
    .meta({ type: 'object', additionalProperties: { type: 'integer' } })

/** Names with JSON of any kind: claims. */
export const jsonMembers = () =>
  z
    .custom<Readonly<Record<string, JsonValue>>>(isObject, 'expected an object')
    .meta({ type: 'object' })

/** Names with JSON objects. */
export const objects = (maxProperties: number) =>
  z
    .custom<Readonly<Record<string, JsonObject>>>(
      (value) => isObject(value) && Object.values(value).every(isObject),
      'expected an object of objects',
    )
    .meta({ type: 'object', additionalProperties: { type: 'object' }, maxProperties })

const TYPE_NAMES = [
  'string',
  'password',
  'apiKey',
  'token',
  'json',
  'number',
  'boolean',
  'url',
  'connectionString',
  'certificate',
  'privateKey',
  'encryptionKey',
  'binary',
] as const satisfies readonly TypeName[]

export const TypeSpec = z.strictObject({
  name: z.enum(TYPE_NAMES),
  pattern: text(LIMITS.typePatternCharsMax).optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  lengthBytes: whole(1).optional(),
  schema: jsonObject().optional(),
})

export const Encoding = z.enum(['text', 'bytes', 'json'])

/** Of a request that says all in its address: a body need not be there, and holds nothing. */
export const Nothing = z.strictObject({}).optional()

/** Which page of a list that is not filtered. */
export const PageQuery = z.strictObject({
  cursor: cursor().optional(),
  limit: whole(1, LIMITS.pageSizeMax).optional(),
})

/** A page of any kind of thing. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), cursor: cursor().optional() })

/** All of a kind of thing. */
export const allOf = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item) })

const INSTANT_MAX = 8_640_000_000_000_000
