import { CofferError } from '../../core/errors.ts'
import type { SecretRecord, VersionRecord } from '../../core/record.ts'
import { CURRENT } from '../../core/label.ts'
import type { ReadRef } from '../../core/ports/coffer.ts'

/** The version a reference means; absent when there is none. A version number wins over a label. */
export function versionOf(record: SecretRecord, ref: ReadRef): VersionRecord | undefined {
  const number = ref.version ?? labelTarget(record, ref.label ?? CURRENT)
  return number === undefined ? undefined : record.versions.find((v) => v.number === number)
}

/** Own properties only: a label may be called `constructor`. */
export const labelTarget = (record: SecretRecord, label: string): number | undefined =>
  Object.hasOwn(record.labels, label) ? record.labels[label] : undefined

/** The version whose envelope a plain read wants in the same query. */
export function readableCurrent(record: SecretRecord): number | undefined {
  const number = labelTarget(record, CURRENT)
  const version = record.versions.find((v) => v.number === number)
  return version?.state === 'live' ? number : undefined
}

/**
 * @throws CofferError `deleted`, `destroyed`, `empty_version`, `disabled`, `not_yet_valid`,
 * `expired`: each its own, none of them absence (law 3)
 */
export function refuseUnusable(record: SecretRecord, version: VersionRecord, now: number): void {
  const name = `${record.path} v${version.number}`
  if (record.deletedAt !== undefined) throw refusal('deleted', record.path, 'was deleted')
  if (version.state === 'destroyed') throw refusal('destroyed', name, 'was destroyed')
  if (version.deletedAt !== undefined) throw refusal('deleted', name, 'was deleted')
  if (version.state === 'empty') throw refusal('empty_version', name, 'has no value yet')
  if (version.disabled === true) throw refusal('disabled', name, 'is disabled')
  if (version.notBefore !== undefined && now < version.notBefore) {
    throw refusal('not_yet_valid', name, `is not valid before ${iso(version.notBefore)}`)
  }
  if (version.expiresAt !== undefined && now >= version.expiresAt) {
    throw refusal('expired', name, `expired at ${iso(version.expiresAt)}`)
  }
}

const refusal = (
  code: 'deleted' | 'destroyed' | 'empty_version' | 'disabled' | 'not_yet_valid' | 'expired',
  name: string,
  why: string,
) => new CofferError(code, `The secret ${name} ${why}.`)

const iso = (at: number) => new Date(at).toISOString()
