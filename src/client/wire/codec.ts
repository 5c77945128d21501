import { CofferError } from '../../core/errors.ts'
import type { ReadAnswer, SecretVersion, WriteInput } from '../../core/ports/coffer.ts'
import { Secret } from '../../core/secret.ts'
import { decoderOf, encodeValue } from '../../core/value.ts'
import type { Encoding, JsonObject, SecretValue } from '../../core/value.ts'
import type { z } from 'zod'
import type { ReadAnswer as WireReadAnswer } from './batch.ts'
import { errorOf } from './error.ts'
import type { VersionAnswer, WriteBody } from './secrets.ts'

/** Between the interface and what travels, for both ends. Loads no schema library. */

export type WireVersion = z.infer<typeof VersionAnswer>
export type WireWrite = z.infer<typeof WriteBody>
type WireValue = string | JsonObject

/** The version again, its value in a `Secret`. @throws CofferError `invalid_value` */
export function versionOfWire({ value, ...rest }: WireVersion): SecretVersion {
  const { encoding, bytes } = encodeValue(valueOfWire(value, rest.encoding))
  const { path: name, version } = rest
  return { ...rest, secret: new Secret({ name, version, bytes, decode: decoderOf(encoding) }) }
}

export const answerOfWire = (answer: z.infer<typeof WireReadAnswer>): ReadAnswer =>
  'error' in answer
    ? { error: errorOf(answer.error) }
    : { value: answer.value === null ? undefined : versionOfWire(answer.value) }

/** @throws CofferError `invalid_value` for what is no value */
export function wireWrite({ value, ...rest }: WriteInput): WireWrite {
  if (value === undefined) return rest as WireWrite
  const { encoding } = encodeValue(value)
  return { ...(rest as WireWrite), encoding, value: wireValue(encoding, value) }
}

/** @throws CofferError `invalid_value`; `invalid_argument` for an encoding of nothing */
export function writeOfWire({ value, encoding, ...rest }: WireWrite): WriteInput {
  if (value !== undefined) return { ...rest, value: valueOfWire(value, encoding) }
  if (encoding === undefined) return rest
  throw new CofferError('invalid_argument', 'encoding: there is no value that it could be of')
}

/** A path as the rest of a URL. It must be canonical: `.` and `..` would be taken as steps. */
export const pathInUrl = (path: string): string => path.split('/').map(encodeURIComponent).join('/')

/**
 * A body as JSON text. What JSON would change on its way (NaN to null, a class to its fields, a
 * missing element to null) is refused instead of sent.
 * @throws CofferError `invalid_argument`
 */
export const bodyText = (body: object): string =>
  JSON.stringify(body, function refuse(this: unknown, _key: string, value: unknown) {
    const odd =
      (typeof value === 'number' && !Number.isFinite(value)) ||
      typeof value === 'bigint' ||
      typeof value === 'function' ||
      typeof value === 'symbol' ||
      (value === undefined && Array.isArray(this))
    if (!odd) return value
    throw new CofferError('invalid_argument', 'The request holds what JSON cannot write.')
  })

/** Bytes as base64; text and JSON as themselves. */
const wireValue = (encoding: Encoding, value: SecretValue): WireValue =>
  encoding === 'bytes'
    ? Buffer.from(value as Uint8Array).toString('base64')
    : (value as string | JsonObject)

/**
 * The value again. Without an encoding a string is text and an object is JSON.
 * @throws CofferError `invalid_value`
 */
function valueOfWire(value: WireValue, encoding?: Encoding): SecretValue {
  const as = encoding ?? (typeof value === 'string' ? 'text' : 'json')
  if (typeof value !== (as === 'json' ? 'object' : 'string')) {
    throw new CofferError('invalid_value', `A value of encoding ${as} is written otherwise.`, {
      remedy: 'Write text and bytes (as base64) as a string, and json as an object.',
    })
  }
  if (as !== 'bytes') return value
  const bytes = Buffer.from(value as string, 'base64')
  if (bytes.toString('base64') === value) return bytes
  throw new CofferError('invalid_value', 'A value of encoding bytes is base64 with padding.')
}
