import { CofferError } from '../core/errors.ts'
import type { Page } from '../core/ports/coffer.ts'

/** Light checks of what a server answered: a schema library would cost more than the call. */

export type Document = Readonly<Record<string, unknown>>

/** @throws CofferError `unavailable` for an answer of another shape */
export function objectOf<T = Document>(document: unknown, ...members: readonly (keyof T)[]): T {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw strange()
  if (members.some((name) => (document as T)[name] === undefined)) throw strange()
  return document as T
}

/** What an event of a stream holds. @throws CofferError `unavailable`, without quoting it */
export function eventOf<T = Document>(data: string, ...members: readonly (keyof T)[]): T {
  let document: unknown
  try {
    document = JSON.parse(data)
  } catch {
    throw strange()
  }
  return objectOf<T>(document, ...members)
}

/** The list that an answer holds. @throws CofferError `unavailable` */
export function listOf<T>(document: unknown, member = 'items'): T[] {
  const list = objectOf(document)[member]
  if (!Array.isArray(list)) throw strange()
  return list as T[]
}

/** A page with these items. @throws CofferError `unavailable` */
export function pageOf<T>(document: unknown, items: readonly T[] = listOf<T>(document)): Page<T> {
  const { cursor, folders } = objectOf<Page<T>>(document)
  return {
    items,
    ...(folders === undefined ? {} : { folders }),
    ...(cursor === undefined ? {} : { cursor }),
  }
}

/** @throws CofferError `invalid_argument` for what is no number that JSON and a URL can say */
export function numberOf(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new CofferError('invalid_argument', `${name} is a number.`)
}

const PART_CHARS_MAX = 512

/** A name as one part of an address. @throws CofferError `invalid_argument` */
export function part(name: unknown): string {
  if (typeof name === 'string' && name.length <= PART_CHARS_MAX && !/^\.{0,2}$/.test(name)) {
    if (name.isWellFormed()) return encodeURIComponent(name)
  }
  throw new CofferError(
    'invalid_argument',
    'A name is text of 1 to 512 characters, not dots alone.',
  )
}

export const strange = () =>
  new CofferError('unavailable', 'The server answered in a shape that this client does not know.', {
    remedy: 'Check that what answers is a Coffer server, and compare the versions of both.',
  })
