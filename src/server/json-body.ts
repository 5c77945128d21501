import { isUtf8 } from 'node:buffer'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { JsonValue } from '../core/value.ts'

/**
 * A body as JSON, strictly: UTF-8, no member twice (two readers would disagree on which counts), and
 * neither deeper nor with more members than is allowed. `__proto__` is a member like another.
 * @throws CofferError `invalid_argument`; `too_large` for too many levels or members
 */
export function parseJsonBody(bytes: Uint8Array): JsonBody {
  try {
    if (!isUtf8(bytes)) throw new TypeError('not UTF-8')
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    refuseUnfit(text)
    return { document: JSON.parse(text) as JsonValue, text }
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw new CofferError('invalid_argument', 'The body is not JSON in UTF-8.')
  }
}

export interface JsonBody {
  readonly document: JsonValue
  readonly text: string
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const OPENING_BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d

/** Looks at the frame only: whether the text is JSON at all is found out by parsing it. */
function refuseUnfit(text: string): void {
  /** The names so far of each object that is open; undefined for a list. */
  const open: (Set<string> | undefined)[] = []
  let names: Set<string> | undefined
  let nameIsNext = false
  let members = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) {
      const end = endOfString(text, i)
      if (nameIsNext && names !== undefined) addName(names, text.slice(i + 1, end))
      nameIsNext = false
      i = end
    } else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
      names = code === OPENING_BRACE ? new Set() : undefined
      nameIsNext = code === OPENING_BRACE
      if (open.push(names) > LIMITS.requestJsonDepthMax) throw tooLarge('levels', 'Depth')
      members += 1
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      open.pop()
      names = open.at(-1)
      nameIsNext = false
    } else if (code === COMMA) {
      nameIsNext = names !== undefined
      members += 1
    }
    if (members > LIMITS.requestJsonMembersMax) throw tooLarge('members', 'Members')
  }
}

function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === QUOTE) return i
    if (code === BACKSLASH) i += 1
  }
  return text.length
}

function addName(names: Set<string>, raw: string): void {
  const name = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
  if (names.has(name)) {
    throw new CofferError('invalid_argument', 'The body has an object with a member twice.')
  }
  names.add(name)
}

const tooLarge = (what: string, limit: 'Depth' | 'Members') =>
  new CofferError(
    'too_large',
    `A body has at most ${LIMITS[`requestJson${limit}Max`]} ${what} of JSON.`,
  )
