import type { JsonObject, JsonValue } from '../../../../core/value.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import { goDuration, parseSeconds } from '../duration.ts'
import { boolField, intField } from '../fields.ts'
import { putMount } from '../mounts/change.ts'
import type { Mount, VaultHandler } from '../route.ts'

/** What a mount or a secret says of its versions. Absent: it says nothing. */
export interface KvSettings {
  readonly maxVersions?: number | undefined
  readonly casRequired: boolean
  /** Versions are deleted so long after they were made; below 0 (mounts only): never. */
  readonly deleteAfterSeconds: number
}

export const mountSettings = ({ settings }: Mount): KvSettings => settingsOf(settings)

export const secretSettings = (record: SecretRecord | undefined): KvSettings => ({
  ...settingsOf(record?.dialects?.['vault'] ?? {}),
  maxVersions: record?.maxVersions,
})

/** When a version that is made, or brought back, at `now` is to be deleted. */
export function deletionAt(mount: KvSettings, secret: KvSettings, now: number): number | undefined {
  if (mount.deleteAfterSeconds < 0) return undefined
  const given = [mount, secret].map((s) => s.deleteAfterSeconds).filter((seconds) => seconds > 0)
  return given.length === 0 ? undefined : now + Math.min(...given) * 1_000
}

/** On secrets that clients of Vault made: they keep as many versions as those expect. */
export const MADE_HERE = { made_here: true }

export const isMadeHere = (record: SecretRecord): boolean =>
  record.dialects?.['vault']?.['made_here'] === true

export const readConfig: VaultHandler = ({ mount }) => {
  const { maxVersions = 0, casRequired, deleteAfterSeconds } = mountSettings(mount)
  return {
    data: {
      max_versions: maxVersions,
      cas_required: casRequired,
      delete_version_after: goDuration(Math.max(0, deleteAfterSeconds)),
    },
  }
}

export const writeConfig: VaultHandler = async (context) => {
  const { mount, body } = context
  const settings = changedSettings(mount.settings, body)
  const maxVersions = intField(body, 'max_versions')
  if (maxVersions !== undefined) settings['max_versions'] = maxVersions
  await putMount(context, { ...mount, settings })
  return undefined
}

/** The fields that mounts and secrets have in common. @throws VaultRefusal 400 */
export function changedSettings(before: JsonObject, body: JsonObject): JsonObject {
  const casRequired = boolField(body, 'cas_required')
  const deleteAfter = body['delete_version_after'] ?? undefined
  return {
    ...before,
    ...(casRequired === undefined ? {} : { cas_required: casRequired }),
    ...(deleteAfter === undefined
      ? {}
      : { delete_version_after: parseSeconds('delete_version_after', deleteAfter) }),
  }
}

const settingsOf = (stored: JsonObject): KvSettings => ({
  maxVersions: numberOf(stored['max_versions']) || undefined,
  casRequired: stored['cas_required'] === true,
  deleteAfterSeconds: numberOf(stored['delete_version_after']),
})

const numberOf = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0)
