import { LIMITS } from '../../../../core/limits.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { JsonObject } from '../../../../core/value.ts'
import { refuse } from '../errors.ts'
import { objectField, textField } from '../fields.ts'

/** Vault's custom metadata are a secret's tags. Its limits are ours, counted in bytes. */
type Tags = Readonly<Record<string, string>>

const FAILED = 'custom_metadata validation failed'

/** All of them anew; null when there are none left. @throws VaultRefusal 400 */
export function newCustom(body: JsonObject): Tags | null {
  const given = objectField(body, 'custom_metadata') ?? {}
  return checked(Object.entries(given).map(([key]) => [key, textField(given, key) ?? '']))
}

/** A merge patch of what there is; `null` for one of them removes it, for all removes all. */
export function mergedCustom(record: SecretRecord | undefined, body: JsonObject): Tags | null {
  const given = objectField(body, 'custom_metadata')
  if (given === undefined) return null
  const merged = new Map(Object.entries(record?.tags ?? {}))
  for (const [key, value] of Object.entries(given)) {
    if (value === null) merged.delete(key)
    else merged.set(key, textField(given, key) ?? '')
  }
  return checked([...merged])
}

function checked(entries: readonly (readonly [string, string])[]): Tags | null {
  const { tagsMax, tagKeyCharsMax, tagValueCharsMax } = LIMITS
  if (entries.length > tagsMax) {
    throw refuse(
      400,
      `${FAILED}: payload must contain at most ${tagsMax} keys, provided ${entries.length}`,
    )
  }
  for (const [key, value] of entries) {
    const keyBytes = Buffer.byteLength(key)
    const shown = JSON.stringify(key.slice(0, tagKeyCharsMax))
    if (keyBytes === 0 || keyBytes > tagKeyCharsMax) {
      throw refuse(
        400,
        `${FAILED}: length of key ${shown} is ${keyBytes} but must be 0 < len(key) <= ${tagKeyCharsMax}`,
      )
    }
    const valueBytes = Buffer.byteLength(value)
    if (valueBytes === 0 || valueBytes > tagValueCharsMax) {
      throw refuse(
        400,
        `${FAILED}: length of value for key ${shown} is ${valueBytes} but must be 0 < len(value) <= ${tagValueCharsMax}`,
      )
    }
    if (UNPRINTABLE.test(key)) throw refuse(400, `${FAILED}: a key contains unprintable characters`)
    if (UNPRINTABLE.test(value)) {
      throw refuse(400, `${FAILED}: value for key ${shown} contains unprintable characters`)
    }
  }
  return entries.length === 0 ? null : Object.fromEntries(entries)
}

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u
