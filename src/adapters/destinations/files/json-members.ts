/**
 * The members of the object in a JSON text, in their order and as they are written: put together again
 * they are the text, byte for byte.
 */
export interface WrittenObject {
  /** What stands before the first member, with the brace. */
  readonly head: string
  readonly members: WrittenMember[]
  /** What stands after the last member, from the space before the brace on. */
  readonly tail: string
}

export interface WrittenMember {
  readonly name: string
  /** The space before it. */
  readonly lead: string
  /** Its name as it is written, and all up to its value. */
  readonly key: string
  readonly value: string
  /** The space before the comma. */
  readonly trail: string
}

/** Of a text that is known to be JSON, and an object. */
export function writtenObject(text: string): WrittenObject {
  const start = text.indexOf('{') + 1
  const chunks: string[] = []
  let from = start
  let end = start
  let depth = 0
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') depth += 1
    else if (token === '}' || token === ']') depth -= 1
    const isEnd = depth === 0
    if (!isEnd && !(depth === 1 && token === ',')) continue
    chunks.push(text.slice(from, index))
    from = index + 1
    end = index
    if (isEnd) break
  }
  const members = chunks.flatMap((chunk) => memberOf(chunk) ?? [])
  const last = members.pop()
  if (last === undefined) return { head: text.slice(0, start), members, tail: text.slice(end) }
  members.push({ ...last, trail: '' })
  return { head: text.slice(0, start), members, tail: last.trail + text.slice(end) }
}

export const textOf = ({ head, members, tail }: WrittenObject): string =>
  head +
  members.map(({ lead, key, value, trail }) => lead + key + value + trail).join(',') +
  (members.length === 0 ? tail.trimStart() : tail)

/** Another member, spaced as the one before it. */
export function memberLike(
  before: Pick<WrittenMember, 'lead' | 'key'>,
  name: string,
  value: string,
): WrittenMember {
  const colon = /\s*:\s*$/.exec(before.key)?.[0] ?? ': '
  return { name, lead: before.lead, key: JSON.stringify(name) + colon, value, trail: '' }
}

/** An object as the value of a member: on lines of its own where the member is. */
export function objectLike({ lead }: Pick<WrittenMember, 'lead'>, value: unknown): string {
  const [, lineEnd, indent] = /(\r?\n)([ \t]*)$/.exec(lead) ?? []
  if (lineEnd === undefined || indent === undefined) return JSON.stringify(value)
  return JSON.stringify(value, null, indent).replaceAll('\n', lineEnd + indent)
}

const STRING = '"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"'
const TOKENS = new RegExp(`${STRING}|[{}[\\],]`, 'g')
const MEMBER = new RegExp(`^(\\s*)((${STRING})\\s*:\\s*)`)

/** Absent for the space in an empty object. */
function memberOf(chunk: string): WrittenMember | undefined {
  const [whole, lead = '', key = '', name = ''] = MEMBER.exec(chunk) ?? []
  if (whole === undefined) return undefined
  const value = chunk.slice(whole.length).trimEnd()
  const trail = chunk.slice(whole.length + value.length)
  return { name: JSON.parse(name) as string, lead, key, value, trail }
}
