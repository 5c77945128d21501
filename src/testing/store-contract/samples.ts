import type { HeadRow, Store, VersionRow } from '../../core/ports/store.ts'

/** The store under test and another handle on the same rows, anew for each test. */
export interface Handles {
  readonly store: Store
  readonly other: Store
}

export const ID = '0'.repeat(32)

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export const head = (path: string, generation = 1, kind: HeadRow['kind'] = 'secret'): HeadRow => ({
  kind,
  path,
  head: bytes(`head of ${path}`),
  generation,
})

export const version = (
  id: string,
  number: number,
  term = 1,
  text = `${id} ${number}`,
): VersionRow => ({ id, version: number, path: 'a/b', term, envelope: bytes(text) })

export const paths = (rows: readonly HeadRow[]): string[] => rows.map((row) => row.path)

export const numbers = (rows: readonly VersionRow[]): string[] =>
  rows.map((row) => `${row.id} ${row.version}`)
