import { CofferError } from '../errors.ts'
import type { Random } from '../ports/ambient.ts'
import { decodeText } from '../secret.ts'
import type { EncodedValue, SecretValue } from '../value.ts'
import type { TypeSpec } from './spec.ts'

/** One type. A new type is one row in its family's file and its name in `TypeName`. */
export interface TypeRow {
  /** For `coffer set --help` and docs/types.md. */
  readonly summary: string
  /** The constraints that mean something for it; others are refused. */
  readonly constraints: readonly Exclude<keyof TypeSpec, 'name'>[]
  /** @throws CofferError `invalid_value`; a promise only where a schema must be loaded first */
  readonly check: (spec: TypeSpec, value: EncodedValue) => void | Promise<void>
  /** Absent: Coffer cannot make such a value. `length` is undefined or already checked. */
  readonly generate?: Generator
}

type Generator = (spec: TypeSpec, length: number | undefined, random: Random) => SecretValue

/** What is wrong with a value: the type, the constraint, and never anything of the value. */
export const badValue = (spec: TypeSpec, why: string, remedy?: string): CofferError =>
  new CofferError('invalid_value', `It is no value of type ${spec.name}: such a value ${why}.`, {
    ...(remedy === undefined ? {} : { remedy }),
    details: { type: spec.name },
  })

/** The text of a value that must be text. @throws CofferError `invalid_value` */
export function textOf(spec: TypeSpec, value: EncodedValue): string {
  if (value.encoding !== 'text') throw badValue(spec, 'is text, not bytes or a JSON object')
  return decodeOr(value.bytes, () => badValue(spec, 'is UTF-8 text'))
}

/** Strict UTF-8; the error of `decodeText` itself says nothing about types. */
export function decodeOr(bytes: Uint8Array, otherwise: () => CofferError): string {
  try {
    return decodeText(bytes)
  } catch {
    throw otherwise()
  }
}

/** `min` and `max` of a spec against a length or a number. @throws CofferError `invalid_value` */
export function checkBounds(spec: TypeSpec, amount: number, unit: string): void {
  if (spec.min !== undefined && amount < spec.min) {
    throw badValue(spec, `is at least ${spec.min}${unit}`)
  }
  if (spec.max !== undefined && amount > spec.max) {
    throw badValue(spec, `is at most ${spec.max}${unit}`)
  }
}
