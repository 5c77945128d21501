import { CofferError, isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { MetadataChange } from '../../core/ports/coffer.ts'
import type { RotationRule, SecretRecord } from '../../core/record.ts'
import { decodeText } from '../../core/secret.ts'
import { checkTypeSpec } from '../../core/types/validate.ts'
import { wholeNumber } from './numbers.ts'
import type { JsonObject } from '../../core/value.ts'
import { encodeValue } from '../../core/value.ts'
import type { Mutable } from '../../core/mutable.ts'

/**
 * The record with its metadata changed: `undefined` keeps, `null` removes.
 * @throws CofferError `invalid_argument`, `too_large`
 */
export function changeMetadata(record: SecretRecord, change: MetadataChange): SecretRecord {
  const next: Mutable<SecretRecord> = { ...record }
  if (change.type !== undefined) next.type = checkTypeSpec(change.type)
  for (const field of FIELDS) {
    const value = change[field]
    if (value === undefined) continue
    if (value === null) delete next[field]
    else Object.assign(next, { [field]: CHECKS[field](value) })
  }
  return next
}

type Field = Exclude<keyof MetadataChange, 'type'>

const CHECKS: { readonly [F in Field]: (value: unknown) => unknown } = {
  description: text('description', LIMITS.descriptionCharsMax),
  owner: text('owner', LIMITS.ownerCharsMax),
  classification: text('classification', LIMITS.classificationCharsMax),
  envName: text('envName', 255),
  tags: checkTags,
  maxVersions: (value) => wholeNumber('maxVersions', value, 1, LIMITS.versionsMax),
  rotation: checkRotation,
  spellings: byDialect('spellings', text('A spelling', LIMITS.spellingCharsMax)),
  dialects: checkDialects,
}

const FIELDS = Object.keys(CHECKS) as Field[]

/** Ids of a version by dialect. @throws CofferError `invalid_argument`, `too_large` */
export const checkIds = (value: unknown): Readonly<Record<string, string>> =>
  byDialect('ids', text('A version id', LIMITS.versionIdCharsMax))(value)

function text(name: string, charsMax: number) {
  return (value: unknown): string => {
    if (typeof value !== 'string' || !value.isWellFormed()) {
      throw new CofferError('invalid_argument', `${name} is text.`)
    }
    if (value.length > charsMax) {
      throw new CofferError('too_large', `${name} has at most ${charsMax} characters.`)
    }
    return value
  }
}

function checkTags(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CofferError('invalid_argument', 'tags are names with text values.')
  }
  const entries = Object.entries(value)
  if (entries.length > LIMITS.tagsMax) {
    throw new CofferError('too_large', `A secret has at most ${LIMITS.tagsMax} tags.`)
  }
  for (const [key, tag] of entries) {
    text('A tag name', LIMITS.tagKeyCharsMax)(key)
    text('A tag value', LIMITS.tagValueCharsMax)(tag)
    if (key === '') throw new CofferError('invalid_argument', 'A tag has a name.')
  }
  return Object.fromEntries(entries)
}

/** `aws`, `vault` …: few members, each checked. */
function byDialect<T>(name: string, check: (value: unknown) => T) {
  return (value: unknown): Record<string, T> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new CofferError('invalid_argument', `${name} has a member for each dialect.`)
    }
    const entries = Object.entries(value)
    if (entries.length > LIMITS.dialectsMax) {
      throw new CofferError('too_large', `${name} has at most ${LIMITS.dialectsMax} members.`)
    }
    return Object.fromEntries(
      entries.map(([dialect, member]) => {
        if (DIALECT.test(dialect)) return [dialect, check(member)]
        throw new CofferError('invalid_argument', 'A dialect is named in lower case letters.')
      }),
    )
  }
}

const DIALECT = /^[a-z][a-z0-9-]{0,31}$/

function checkDialects(value: unknown): Record<string, JsonObject> {
  const copies = byDialect('dialects', jsonObject)(value)
  if (Buffer.byteLength(JSON.stringify(copies)) <= LIMITS.dialectBytesMax) return copies
  throw new CofferError('too_large', `dialects have at most ${LIMITS.dialectBytesMax} bytes.`)
}

function jsonObject(value: unknown): JsonObject {
  try {
    const { encoding, bytes } = encodeValue(value as JsonObject)
    if (encoding === 'json') return JSON.parse(decodeText(bytes)) as JsonObject
  } catch (error) {
    if (!isCofferError(error)) throw error
  }
  throw new CofferError('invalid_argument', 'What a dialect keeps is a JSON object.')
}

function checkRotation(value: unknown): RotationRule {
  const { everyDays, automatic } = Object(value) as Partial<RotationRule>
  return {
    everyDays: wholeNumber('rotation.everyDays', everyDays, 1, LIMITS.rotateEveryDaysMax),
    automatic: automatic === true,
  }
}
