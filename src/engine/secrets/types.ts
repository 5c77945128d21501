import type { FormerType, SecretRecord, VersionRecord } from '../../core/record.ts'
import type { TypeSpec } from '../../core/types/spec.ts'

/** The type that a version was written as: a value is immutable, and so is what it is. */
export function typeOf(
  { type, formerTypes }: Pick<SecretRecord, 'type' | 'formerTypes'>,
  { number }: Pick<VersionRecord, 'number'>,
): TypeSpec {
  return formerTypes?.find(({ before }) => number < before)?.type ?? type
}

/** `next`, in which versions below `before` stay what they are in `old`. */
export function keepingTypes(old: SecretRecord, next: SecretRecord, before: number): SecretRecord {
  const { formerTypes: _ours, ...rest } = next
  const changes = JSON.stringify(old.type) !== JSON.stringify(next.type)
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
