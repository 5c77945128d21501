import { isCofferError } from '../../../../core/errors.ts'
import { LIMITS } from '../../../../core/limits.ts'
import type { MetadataChange } from '../../../../core/ports/coffer.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import type { JsonObject } from '../../../../core/value.ts'
import { goDuration } from '../duration.ts'
import { refuse } from '../errors.ts'
import { boolField, intField } from '../fields.ts'
import type { VaultAnswer, VaultContext, VaultHandler } from '../route.ts'
import { MADE_HERE, changedSettings, mountSettings, secretSettings } from './config.ts'
import { mergedCustom, newCustom } from './custom-metadata.ts'
import { requiredPath, secretPath } from './place.ts'
import { currentNumber, customMetadata, instantText, versionFacts } from './version.ts'
import { refuseOtherPatches } from './write.ts'

const TRIES_MAX = 5

/** `GET metadata/PATH`. */
export const readMetadata: VaultHandler = async (context) => {
  const path = secretPath(context)
  const { coffer } = await context.caller()
  const record = path === undefined ? undefined : await coffer.describe(path)
  return record === undefined ? 'absent' : { data: metadataOf(record) }
}

/** `POST metadata/PATH`: makes the secret, without versions, where there is none. */
export const writeMetadata: VaultHandler = (context) =>
  changed(context, (_record, body) =>
    body['custom_metadata'] === undefined ? {} : { tags: newCustom(body) },
  )

/** Whether writing it changes a secret rather than make one. What is damaged is there. */
export const isThere = (context: VaultContext): Promise<boolean> =>
  context.server.gate
    .platform()
    .peek(secretPath(context) ?? '')
    .then(
      (record) => record !== undefined,
      () => true,
    )

/** `PATCH metadata/PATH`, a merge patch. */
export const patchMetadata: VaultHandler = (context) => {
  refuseOtherPatches(context)
  const body: JsonObject = { ...context.body }
  for (const [name, unset] of Object.entries(UNSET)) if (body[name] === null) body[name] = unset
  return changed({ ...context, body }, (record, given) =>
    given['custom_metadata'] === undefined ? {} : { tags: mergedCustom(record, given) },
  )
}

/** What `null` makes of a setting in a merge patch; elsewhere it is as if nothing had been said. */
const UNSET: JsonObject = { max_versions: 0, cas_required: false, delete_version_after: 0 }

/** `DELETE metadata/PATH`: every version, and all that is known of them. */
export const deleteMetadata: VaultHandler = async (context) => {
  const path = requiredPath(context)
  const { coffer } = await context.caller()
  try {
    await coffer.purge(path)
  } catch (error) {
    if (!isCofferError(error, 'not_found')) throw error
  }
  return undefined
}

async function changed(
  context: VaultContext,
  tagsOf: (record: SecretRecord | undefined, body: JsonObject) => MetadataChange,
): Promise<VaultAnswer> {
  const path = requiredPath(context)
  const { body, operation, server, mount } = context
  const { coffer, by } = await context.caller()
  if (!FIELDS.some((name) => body[name] !== undefined)) {
    await server.gate.platform().permit(by, 'update', path, 'update')
    return undefined
  }
  const warnings =
    boolField(body, 'cas_required') === false && mountSettings(mount).casRequired
      ? [CAS_MANDATED]
      : undefined
  for (let tries = 1; ; tries++) {
    const record = await server.gate.platform().peek(path)
    const change = { ...tagsOf(record, body), ...settingsChange(record, body) }
    const ifRevision = record?.revision ?? (operation === 'patch' ? undefined : 0)
    try {
      await coffer.update(path, change, { ifRevision })
      return warnings === undefined ? undefined : { data: null, warnings }
    } catch (error) {
      if (!isCofferError(error, 'conflict') || tries === TRIES_MAX) throw error
    }
  }
}

/** What can be changed; a request without any of these changes nothing. */
const FIELDS = ['max_versions', 'cas_required', 'delete_version_after', 'custom_metadata']

const CAS_MANDATED =
  '"cas_required" set to false, but is mandated by backend config. This value will be ignored.'

/** @throws VaultRefusal 400 */
function settingsChange(record: SecretRecord | undefined, body: JsonObject): MetadataChange {
  const maxVersions = intField(body, 'max_versions')
  if (maxVersions !== undefined && (maxVersions < 0 || maxVersions > LIMITS.versionsMax)) {
    throw refuse(400, `max_versions is a whole number from 0 to ${LIMITS.versionsMax}`)
  }
  const before = record === undefined ? MADE_HERE : (record.dialects?.['vault'] ?? {})
  const vault = changedSettings(before, body)
  const isSame = record !== undefined && JSON.stringify(vault) === JSON.stringify(before)
  if (Number(vault['delete_version_after'] ?? 0) < 0) {
    throw refuse(400, 'delete_version_after cannot be negative')
  }
  return {
    ...(isSame ? {} : { dialects: { ...record?.dialects, vault } }),
    ...(maxVersions === undefined ? {} : { maxVersions: maxVersions === 0 ? null : maxVersions }),
  }
}

function metadataOf(record: SecretRecord): JsonObject {
  const { maxVersions = 0, casRequired, deleteAfterSeconds } = secretSettings(record)
  const oldest = record.versions[0]?.number ?? 0
  return {
    cas_required: casRequired,
    created_time: instantText(record.createdAt),
    current_version: currentNumber(record),
    custom_metadata: customMetadata(record),
    delete_version_after: goDuration(deleteAfterSeconds),
    max_versions: maxVersions,
    oldest_version: oldest === 1 ? 0 : oldest,
    updated_time: instantText(record.updatedAt),
    versions: Object.fromEntries(
      record.versions.map((version) => [String(version.number), versionFacts(record, version)]),
    ),
  }
}
