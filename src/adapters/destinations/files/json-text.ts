import { CofferError } from '../../../core/errors.ts'
import { parseExactly } from '../../../core/exact-json.ts'
import type { JsonValue } from '../../../core/value.ts'
import type { EditedFile, FileEntry } from './destination.ts'
import { memberLike, objectLike, textOf, writtenObject } from './json-members.ts'
import type { WrittenMember } from './json-members.ts'

/** The member that says whose the others are. */
export const MARKS = '//coffer'

/**
 * A JSON file with one object, whose members are values; foreign members stay byte for byte, where they
 * are. Who owns ours stands in the member `//coffer`.
 */
export function editJson(source: string | undefined): EditedFile {
  const before = (source ?? '').trim() === '' ? EMPTY : (source ?? '')
  const parsed = parsedOf(before)
  const { head, members, tail } = writtenObject(before)
  const names = new Set(members.map(({ name }) => name))
  // Of two members of one name a reader keeps one: the other would be lost.
  if (names.size < members.length) throw corrupt('has two members of one name')
  const owners = ownersOf(Object.hasOwn(parsed, MARKS) ? parsed[MARKS] : undefined)
  const entries = new Map<string, FileEntry>()
  for (const { name, value } of members) {
    if (name === MARKS) continue
    const exact = parseExactly(value)
    const text = typeof exact === 'string' ? exact : JSON.stringify(exact)
    entries.set(name, { name, text, owner: owners.get(name) })
  }
  let changed = false

  const write = (name: string, valueLike: (member: Like) => string) => {
    const at = members.findIndex((member) => member.name === name)
    const there = members[at]
    if (there !== undefined) {
      members[at] = { ...there, value: valueLike(there) }
      return
    }
    const like = members.at(-1) ?? FIRST
    members.push(memberLike(like, name, valueLike(like)))
  }
  const drop = (name: string) => {
    const at = members.findIndex((member) => member.name === name)
    if (at >= 0) members.splice(at, 1)
  }
  return {
    entries,
    put(name, text, owner) {
      changed = true
      // The marks stay behind what they speak of.
      const marks = members.at(-1)?.name === MARKS ? members.pop() : undefined
      write(name, () => JSON.stringify(text))
      if (marks !== undefined) members.push(marks)
      owners.set(name, owner)
      entries.set(name, { name, text, owner })
    },
    remove(name) {
      changed = true
      drop(name)
      owners.delete(name)
      entries.delete(name)
    },
    text() {
      if (!changed) return source
      const ours = [...owners].filter(([name]) => entries.has(name)).toSorted(byName)
      if (ours.length === 0) drop(MARKS)
      else write(MARKS, (member) => objectLike(member, Object.fromEntries(ours)))
      const isBare = names.size === 0 && members.length > 0
      return textOf({ head, members, tail: isBare ? `\n${tail.trimStart()}` : tail })
    },
  }
}

type Like = Pick<WrittenMember, 'lead' | 'key'>

const EMPTY = '{}\n'
/** How the first member of an empty object is written. */
const FIRST: Like = { lead: '\n  ', key: ': ' }

const byName = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1)

function parsedOf(text: string): { [key: string]: JsonValue } {
  let parsed: JsonValue
  try {
    parsed = JSON.parse(text) as JsonValue
  } catch {
    throw corrupt('cannot be read')
  }
  if (isObject(parsed)) return parsed
  throw corrupt('is not an object')
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
