import { Ajv } from 'ajv'
import type { ErrorObject } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { CofferError } from '../errors.ts'
import { hintOf } from '../nearest.ts'
import { ajvOptions, countEffort, EffortError, effortOf } from './schema-effort.ts'

/** Stands for a secret in a document that is checked: its value is elsewhere. */
export const SECRET_HERE: object = Object.freeze({})

/** Something in a document that its schema does not take. Nothing of the document, but keys. */
export interface SchemaIssue {
  /** To the value that does not fit; for a missing or unknown key to the object. */
  readonly path: readonly string[]
  /** The key that is missing or unknown. */
  readonly key?: string | undefined
  readonly keyword: string
  /** A sentence. */
  readonly message: string
}

/**
 * Compiles a JSON Schema of draft 2020-12, or of draft-07 where `$schema` says so, with the keyword
 * `secret`: `{ "secret": true }` takes `SECRET_HERE` and nothing else. `format` is an annotation.
 * Nothing is fetched. Unknown keywords are refused.
 * @throws CofferError `invalid_config` for a schema that is none; the function, for one that takes
 * more than a bounded time
 */
export function compileDocumentSchema(schema: unknown): (document: unknown) => SchemaIssue[] {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw invalid('It is an object.')
  }
  const { $schema } = schema as { readonly $schema?: unknown }
  const old = typeof $schema === 'string' && DRAFT_07.test($schema)
  const effort = effortOf()
  const options = { ...ajvOptions(effort), allErrors: true, verbose: true }
  const ajv = countEffort(old ? new Ajv(options) : new Ajv2020(options), effort)
  ajv.addKeyword({
    keyword: 'secret',
    schemaType: 'boolean',
    compile: (is: boolean, { type, format, pattern }: Record<string, unknown>) => {
      if ([type, format, pattern].some((beside) => beside !== undefined)) {
        throw invalid('Beside "secret" stand no type, format and pattern: its value is elsewhere.')
      }
      return (data: unknown) => !is || data === SECRET_HERE
    },
  })
  let validate: ReturnType<typeof ajv.compile>
  try {
    validate = ajv.compile(schema)
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw invalid(error instanceof Error ? error.message : '')
  }
  return (document) => {
    const fits = within(() => effort.within(() => validate(document)))
    const errors = validate.errors ?? []
    validate.errors = null
    if (fits) return []
    return errors.slice(0, ISSUES_MAX).map((error) => ({
      path: error.instancePath.split('/').slice(1).map(unescaped),
      key: keyOf(error.params),
      keyword: error.keyword,
      message: saying(error).slice(0, MESSAGE_CHARS_MAX),
    }))
  }
}

const ISSUES_MAX = 1_000
const MESSAGE_CHARS_MAX = 300
const DRAFT_07 = /\/draft-07\/schema#?$/

function within<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof EffortError)) throw error
    throw new CofferError('invalid_config', 'The schema takes too long to check this.', {
      remedy: 'Write it with fewer references and shorter patterns.',
    })
  }
}

const keyOf = (params: Readonly<Record<string, unknown>>): string | undefined =>
  KEYS.map((name) => params[name]).find((key) => typeof key === 'string')

const KEYS = ['missingProperty', 'additionalProperty', 'unevaluatedProperty', 'propertyName']

/** What ajv says of other keywords reads well as it is. */
const SAYINGS: Readonly<Record<string, (error: ErrorObject, key: string) => string>> = {
  required: (_, key) => `"${key}" is missing.`,
  additionalProperties: ({ parentSchema }, key) => unknownKey(key, parentSchema),
  unevaluatedProperties: ({ parentSchema }, key) => unknownKey(key, parentSchema),
  enum: ({ schema }) => `It must be one of ${(schema as unknown[]).map(written).join(', ')}.`,
}

function saying(error: ErrorObject): string {
  const { keyword, message = '', params } = error
  const say = Object.hasOwn(SAYINGS, keyword) ? SAYINGS[keyword] : undefined
  return say?.(error, (keyOf(params) ?? '').slice(0, KEY_CHARS_MAX)) ?? `It ${message}.`
}

function unknownKey(key: string, schema: ErrorObject['parentSchema']): string {
  const known = Object.keys((schema?.['properties'] as object | undefined) ?? {}).slice(
    0,
    KNOWN_MAX,
  )
  return `"${key}" is not known here. ${hintOf(key, known)}`
}

const KEY_CHARS_MAX = 64
const KNOWN_MAX = 100
const written = (value: unknown): string => JSON.stringify(value)

/** As of a JSON Pointer (RFC 6901). */
const unescaped = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~')

const invalid = (why: string) =>
  new CofferError('invalid_config', `This is no JSON Schema: ${why.slice(0, MESSAGE_CHARS_MAX)}`, {
    remedy: 'Write it in draft 2020-12 or draft-07, without look-around in patterns.',
  })
