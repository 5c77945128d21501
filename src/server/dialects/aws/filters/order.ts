import type { SecretRecord } from '../../../../core/record.ts'
import { nameOf } from '../names/arn.ts'
import type { Call } from '../call.ts'

export const SORT_KEYS = [
  'created-date',
  'last-accessed-date',
  'last-changed-date',
  'name',
] as const
export type SortKey = (typeof SORT_KEYS)[number]
export type SortOrder = 'asc' | 'desc'

/** Where a secret stands in a sorted list: its path decides between equals. */
export interface Standing {
  readonly key: string | number
  readonly path: string
}

const KEYS: { readonly [K in SortKey]: (record: SecretRecord, call: Call) => string | number } = {
  'created-date': (record) => record.createdAt,
  'last-changed-date': (record) => record.updatedAt,
  'last-accessed-date': (record, call) => call.dialect.accessTimes.last(record.id) ?? 0,
  name: (record) => nameOf(record),
}

export const standingOf = (record: SecretRecord, by: SortKey, call: Call): Standing => ({
  key: KEYS[by](record, call),
  path: record.path,
})

export function compareStandings(a: Standing, b: Standing, order: SortOrder): number {
  const sign = order === 'desc' ? -1 : 1
  if (a.key !== b.key) return a.key < b.key ? -sign : sign
  if (a.path === b.path) return 0
  return a.path < b.path ? -sign : sign
}
