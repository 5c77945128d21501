import type { SecretVersion } from '../../../../core/ports/coffer.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { TypeSpec } from '../../../../core/types/spec.ts'
import { faults } from '../errors/faults.ts'

/** The two members that a value comes and goes in. */
export interface ValueInput {
  readonly SecretString?: string
  readonly SecretBinary?: Uint8Array
}

/** @throws AwsFault `InvalidParameterException` when both are given */
export function valueOf({
  SecretString,
  SecretBinary,
}: ValueInput): string | Uint8Array | undefined {
  if (SecretString !== undefined && SecretBinary !== undefined) throw faults.twoValues()
  return SecretString ?? SecretBinary
}

/**
 * Bytes as `SecretBinary`; text, and the JSON text of an object, as `SecretString`. The secret is
 * erased: nothing of it stays behind here.
 */
export function wireValue({ encoding, secret }: SecretVersion): Record<string, string> {
  const bytes = Buffer.from(secret.revealBytes().buffer)
  secret.erase()
  const value: Record<string, string> =
    encoding === 'bytes'
      ? { SecretBinary: bytes.toString('base64') }
      : { SecretString: bytes.toString('utf8') }
  bytes.fill(0)
  return value
}

/**
 * In AWS a secret may hold text today and bytes tomorrow. A type that says no more than which of the
 * two it is follows the value; a type that somebody chose stays, and may refuse it.
 */
export function followingType(
  record: SecretRecord,
  value: string | Uint8Array | undefined,
): { type?: TypeSpec } {
  const { type } = record
  if (value === undefined || !FOLLOWING.has(type.name) || Object.keys(type).length > 1) return {}
  const name = typeof value === 'string' ? 'string' : 'binary'
  return type.name === name || (name === 'string' && isJson(type, value)) ? {} : { type: { name } }
}

const FOLLOWING = new Set(['string', 'binary', 'json'])

function isJson(type: TypeSpec, value: string | Uint8Array): boolean {
  if (type.name !== 'json' || typeof value !== 'string') return false
  try {
    JSON.parse(value)
    return true
  } catch {
    return false
  }
}
