import { CofferError } from '../../core/errors.ts'
import { parseExactly } from '../../core/exact-json.ts'
import { mergePatched, objectText, valueOfObject } from '../../core/object-value.ts'
import type { SecretRecord } from '../../core/record.ts'
import type { TypeSpec } from '../../core/types/spec.ts'
import type { EncodedValue, JsonObject } from '../../core/value.ts'
import { encodeValue } from '../../core/value.ts'
import type { EngineContext } from '../context.ts'
import type { Transaction } from '../transaction.ts'
import { openVersion } from './open.ts'
import { typeOf } from './types.ts'
import { refuseUnusable, versionOf } from './usable.ts'

/**
 * The current value with a merge patch applied, which never leaves the engine, and the type that it
 * makes of the secret.
 * @throws CofferError `not_found`, `corrupt`, and what `refuseUnusable` throws
 */
export async function patchedValue(
  tx: Transaction,
  context: EngineContext,
  record: SecretRecord | undefined,
  path: string,
  type: TypeSpec,
  patch: JsonObject,
): Promise<{ readonly value: EncodedValue; readonly type: TypeSpec }> {
  const version = record === undefined ? undefined : versionOf(record, { path })
  if (record === undefined || version === undefined) {
    throw new CofferError('not_found', `There is no value of ${path} to change.`)
  }
  refuseUnusable(record, version, tx.now)
  const row = await tx.rows.version(record.id, version.number)
  if (row === undefined) throw new CofferError('corrupt', `The value of ${path} is gone.`)
  const bytes = openVersion(context, path, record.id, version.number, row.envelope)
  const text = objectText({ encoding: version.encoding, bytes }, typeOf(record, version))
  bytes.fill(0)
  const merged = mergePatched(parseExactly(text), patch) as JsonObject
  const next = valueOfObject(merged, type)
  return { value: encodeValue(next.value), type: next.type ?? type }
}
