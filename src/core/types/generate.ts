import { CofferError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { Random } from '../ports/ambient.ts'
import type { SecretValue } from '../value.ts'
import { compileValuePattern } from './pattern.ts'
import type { TypeSpec } from './spec.ts'
import { TYPES } from './table.ts'

/** Whether Coffer can make values of this type by itself. */
export const canGenerate = (spec: TypeSpec): boolean => TYPES[spec.name].generate !== undefined

/**
 * A new value that `checkValue` accepts. `length` counts characters of text, and bytes of
 * `encryptionKey` (which comes as base64 text) and `binary`; a `privateKey` is an Ed25519 key in
 * PKCS#8 PEM. A pattern is met by drawing again, at most 1 000 times.
 *
 * @throws CofferError `invalid_argument` when the type has no generator, the length is outside its
 * bounds, or no draw fits the pattern
 */
export function generateValue(
  spec: TypeSpec,
  options: { readonly length?: number | undefined },
  random: Random,
): SecretValue {
  const { generate } = TYPES[spec.name]
  if (generate === undefined) {
    throw new CofferError('invalid_argument', `Coffer cannot generate a ${spec.name}.`, {
      remedy: `Write the new value yourself with \`coffer set\`. Generated are: ${GENERATED.join(', ')}.`,
    })
  }
  const length = checkLength(options.length)
  const matches = spec.pattern === undefined ? undefined : compileValuePattern(spec.pattern)
  for (let tries = 0; tries < PATTERN_TRIES_MAX; tries++) {
    const value = generate(spec, length, random)
    if (typeof value !== 'string' || matches === undefined || matches.whole(value)) {
      return value
    }
  }
  throw new CofferError('invalid_argument', 'No generated value fits the pattern of the type.', {
    remedy: 'Write the new value yourself, or loosen the pattern.',
  })
}

const PATTERN_TRIES_MAX = 1_000
const GENERATED = Object.entries(TYPES)
  .filter(([, row]) => row.generate !== undefined)
  .map(([name]) => name)

function checkLength(length: number | undefined): number | undefined {
  if (length === undefined) return undefined
  if (Number.isSafeInteger(length) && length >= 1 && length <= LIMITS.valueBytesMax) return length
  throw new CofferError(
    'invalid_argument',
    `A length is a whole number, 1 to ${LIMITS.valueBytesMax}.`,
  )
}
