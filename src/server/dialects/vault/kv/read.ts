import { objectText } from '../../../../core/object-value.ts'
import type { SecretVersion } from '../../../../core/ports/coffer.ts'
import type { JsonObject, JsonValue } from '../../../../core/value.ts'
import { intField } from '../fields.ts'
import type { VaultAnswer, VaultContext, VaultHandler } from '../route.ts'
import { secretPath } from './place.ts'
import {
  currentNumber,
  isGoneError,
  metadataOfRead,
  versionMetadata,
  versionNumbered,
} from './version.ts'

/** `GET data/PATH?version=N`. */
export const readData: VaultHandler = async (context) => {
  const found = await readVersion(context)
  if (found === undefined) return 'absent'
  if (found === 'gone') return goneAnswer(context, 'data')
  const metadata = JSON.stringify(metadataOfRead(found))
  return { dataText: `{"data":${valueText(found)},"metadata":${metadata}}` }
}

/** `GET subkeys/PATH?version=N&depth=N`: the members without their values. */
export const readSubkeys: VaultHandler = async (context) => {
  const depth = intField(context.query, 'depth') ?? 0
  const found = await readVersion(context)
  if (found === undefined) return 'absent'
  if (found === 'gone') return goneAnswer(context, 'subkeys')
  const value = JSON.parse(valueText(found)) as JsonObject
  return { data: { subkeys: emptied(value, depth, 1), metadata: metadataOfRead(found) } }
}

/** A value as JSON text of an object. What was decrypted for it is erased. */
export function valueText({ encoding, type, secret }: SecretVersion): string {
  const bytes = secret.revealBytes()
  const text = objectText({ encoding, bytes }, type)
  bytes.fill(0)
  secret.erase()
  return text
}

async function readVersion(context: VaultContext): Promise<SecretVersion | 'gone' | undefined> {
  const path = secretPath(context)
  const { coffer } = await context.caller()
  if (path === undefined) return undefined
  const version = wantedVersion(context)
  try {
    return await coffer.read(version === undefined ? { path } : { path, version })
  } catch (error) {
    if (isGoneError(error)) return 'gone'
    throw error
  }
}

/** 0 and less mean the current one, as not naming any does. */
export function wantedVersion({ query }: VaultContext): number | undefined {
  if (query['version'] === undefined) return undefined
  const version = intField(query, 'version') ?? 0
  return version > 0 ? version : undefined
}

/** 404 with all that is known; the Coffer has told the caller already that the version is gone. */
async function goneAnswer(context: VaultContext, member: string): Promise<VaultAnswer> {
  const record = await context.server.gate.platform().peek(secretPath(context) ?? '')
  const number = wantedVersion(context) ?? currentNumber(record)
  const version = versionNumbered(record, number)
  if (record === undefined || version === undefined) return 'absent'
  return { status: 404, data: { [member]: null, metadata: versionMetadata(record, version) } }
}

/** Every leaf is null; below `depthMax` (0: no limit) everything is a leaf. */
function emptied(value: JsonValue, depthMax: number, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  const entries = Object.entries(value)
  if (entries.length === 0 && depth > 1) return null
  if (depthMax > 0 && depth > depthMax) return null
  return Object.fromEntries(
    entries.map(([key, inner]) => [key, emptied(inner, depthMax, depth + 1)]),
  )
}
