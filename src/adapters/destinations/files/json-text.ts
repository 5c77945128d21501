import { CofferError } from '../../../core/errors.ts'
import { isExactNumber, parseExactly } from '../../../core/exact-json.ts'
import type { JsonValue } from '../../../core/value.ts'
import type { EditedFile, FileEntry } from './destination.ts'

/** The member that says whose the others are. */
export const MARKS = '//coffer'

/**
 * A JSON file with one object, whose members are values; foreign members keep what they hold, their
 * numbers as they are written. Who owns ours stands in the member `//coffer`.
 */
export function editJson(source: string | undefined): EditedFile {
  const before = source ?? ''
  const members = before.trim() === '' ? new Map<string, JsonValue>() : membersOf(before)
  const owners = ownersOf(members.get(MARKS))
  members.delete(MARKS)
  const entries = new Map<string, FileEntry>()
  for (const [name, value] of members) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    entries.set(name, { name, text, owner: owners.get(name) })
  }
  let changed = false
  return {
    entries,
    put(name, text, owner) {
      changed = true
      members.set(name, text)
      owners.set(name, owner)
      entries.set(name, { name, text, owner })
    },
    remove(name) {
      changed = true
      members.delete(name)
      owners.delete(name)
      entries.delete(name)
    },
    text() {
      if (!changed) return source
      const marks = Object.fromEntries(
        [...owners].filter(([name]) => members.has(name)).toSorted(byName),
      )
      const all = Object.keys(marks).length === 0 ? members : new Map(members).set(MARKS, marks)
      return `${JSON.stringify(Object.fromEntries(all), null, indentOf(before))}\n`
    },
  }
}

const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1)

const indentOf = (text: string): string => /^\s*\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? '  '

function membersOf(text: string): Map<string, JsonValue> {
  const parsed = parsedOf(text)
  if (!isObject(parsed)) throw corrupt('is not an object')
  // Of two members of one name a reader keeps one: the other would be lost.
  const colons = text.replace(/"(?:\\.|[^"\\])*"/g, '').split(':').length - 1
  if (colons !== countMembers(parsed)) throw corrupt('has two members of one name')
  return new Map(Object.entries(parsed))
}

function parsedOf(text: string): JsonValue {
  try {
    return parseExactly(text)
  } catch {
    throw corrupt('cannot be read')
  }
}

function countMembers(value: JsonValue): number {
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return 0
  const own = Array.isArray(value) ? 0 : Object.keys(value).length
  return Object.values(value).reduce<number>((sum, one) => sum + countMembers(one), own)
}

function ownersOf(marks: JsonValue | undefined): Map<string, string> {
  if (marks === undefined) return new Map()
  if (!isObject(marks)) throw corrupt(`has a member ${MARKS} that is not Coffer's`)
  const owners = Object.entries(marks).map(([name, owner]): [string, string] => {
    if (typeof owner !== 'string') throw corrupt(`has a member ${MARKS} that is not Coffer's`)
    return [name, owner]
  })
  return new Map(owners)
}

const isObject = (value: JsonValue): value is { [key: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const corrupt = (why: string) =>
  new CofferError('corrupt', `The JSON file is not changed: it ${why}.`, {
    remedy: 'Correct the file by hand, or name another.',
  })
