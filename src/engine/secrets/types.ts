import type { FormerType, SecretRecord, VersionRecord } from '../../core/record.ts'
import type { TypeSpec } from '../../core/types/spec.ts'

/** The type that holds for a version. */
export function typeOf(
  { type, formerTypes }: Pick<SecretRecord, 'type' | 'formerTypes'>,
  { number }: Pick<VersionRecord, 'number'>,
): TypeSpec {
  return formerTypes?.find(({ before }) => number < before)?.type ?? type
}

/**
 * `next` with what versions below `before` are. A type that says no more than what form a value has
 * leaves them what they were written as: an object written by one client must not hide the text that
 * was there from others. Any other type holds for all versions.
 */
export function keepingTypes(old: SecretRecord, next: SecretRecord, before: number): SecretRecord {
  const { formerTypes: _former, ...rest } = next
  if (!isForm(next.type)) return rest
  const changes = old.type !== next.type && JSON.stringify(old.type) !== JSON.stringify(next.type)
  const all: readonly FormerType[] = [
    ...(old.formerTypes ?? []),
    ...(changes ? [{ type: old.type, before }] : []),
  ]
  const held = all.filter((former, i) => {
    const from = all[i - 1]?.before ?? 0
    return next.versions.some(({ number }) => number >= from && number < former.before)
  })
  return held.length === 0 ? rest : { ...rest, formerTypes: held }
}

const FORMS: ReadonlySet<string> = new Set(['string', 'binary', 'json'])
const isForm = (type: TypeSpec): boolean => FORMS.has(type.name) && Object.keys(type).length === 1
