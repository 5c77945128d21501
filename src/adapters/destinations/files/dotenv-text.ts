import { parse } from 'dotenv'
import { dotenvPieces, dotenvSpelling } from '../../../core/dotenv.ts'
import { CofferError } from '../../../core/errors.ts'
import type { EditedFile, FileEntry } from './destination.ts'

/**
 * A dotenv file whose lines stay byte for byte but those that are put or removed. What is ours stands
 * between two comments that name the owner.
 */
export function editDotenv(source: string | undefined): EditedFile {
  const before = source ?? ''
  const lines = linesOf(before)
  const lineEnd = /\r\n/.test(before) ? '\r\n' : '\n'
  const entries = new Map<string, FileEntry>()
  const twice = new Set<string>()
  for (const { name, value, owner } of lines) {
    if (name === undefined || value === undefined) continue
    if (entries.has(name)) twice.add(name)
    entries.set(name, { name, text: value, owner })
  }

  const dropLine = (name: string) => {
    if (twice.has(name)) throw corrupt(`${name} is given twice.`)
    const at = lines.findIndex((line) => line.name === name)
    const owner = lines[at]?.owner
    if (at >= 0) lines.splice(at, 1)
    return { at, owner }
  }
  return {
    entries,
    put(name, text, owner) {
      const spelling = spell(name, text)
      const there = dropLine(name)
      const line = { text: `${name}=${spelling}${lineEnd}`, name, value: text, owner }
      const at = there.owner === owner ? there.at : blockEnd(lines, owner, lineEnd)
      lines.splice(at, 0, line)
      tidy(lines, there.owner)
      entries.set(name, { name, text, owner })
    },
    remove(name) {
      tidy(lines, dropLine(name).owner)
      entries.delete(name)
    },
    text() {
      if (source === undefined && lines.length === 0) return undefined
      const after = lines.map((line) => line.text).join('')
      if (after !== before) checkMeaning(after, before, entries)
      return after
    },
  }
}

/** @throws CofferError `invalid_value` where no spelling gives it back exactly */
export function spell(name: string, text: string): string {
  const spelling = dotenvSpelling(text)
  if (spelling !== undefined) return spelling
  throw new CofferError('invalid_value', `No spelling in a dotenv file holds ${name} exactly.`, {
    remedy: 'Deliver it to a json file, or store it as base64.',
  })
}

interface Line {
  readonly text: string
  readonly name?: string | undefined
  readonly value?: string | undefined
  /** Of the block that it is in, its two comments included. */
  readonly owner?: string | undefined
  readonly mark?: 'begin' | 'end'
}

const BEGIN = /^# >>> coffer (\S+):/
const END = /^# <<< coffer (\S+)\s*$/
const begin = (owner: string) =>
  `# >>> coffer ${owner}: written by \`coffer sync\`, changes are overwritten`
const end = (owner: string) => `# <<< coffer ${owner}`

function linesOf(text: string): Line[] {
  let owner: string | undefined
  const lines = dotenvPieces(text).map((piece): Line => {
    const own = text.slice(piece.start, piece.end)
    if (piece.kind === 'assignment') {
      return { text: own, name: piece.name, value: piece.value, owner }
    }
    if (piece.kind === 'bad' && piece.name !== undefined) {
      throw corrupt(`In line ${piece.line}, ${piece.what}.`)
    }
    const [, opened] = BEGIN.exec(own) ?? []
    if (opened !== undefined) {
      if (owner !== undefined) throw corrupt(`The block of ${owner} has no end.`)
      owner = opened
      return { text: own, owner, mark: 'begin' }
    }
    const [, closed] = END.exec(own) ?? []
    if (closed === undefined) return { text: own, owner }
    if (owner !== closed) throw corrupt(`The block of ${closed} has no beginning.`)
    owner = undefined
    return { text: own, owner: closed, mark: 'end' }
  })
  if (owner !== undefined) throw corrupt(`The block of ${owner} has no end.`)
  return lines
}

/** Where the owner's next line goes; makes the block when there is none. */
function blockEnd(lines: Line[], owner: string, lineEnd: string): number {
  const found = lines.findIndex((line) => line.mark === 'end' && line.owner === owner)
  if (found >= 0) return found
  const last = lines.pop()
  if (last !== undefined) {
    lines.push(/[\r\n]$/.test(last.text) ? last : { ...last, text: last.text + lineEnd })
  }
  lines.push({ text: begin(owner) + lineEnd, owner, mark: 'begin' })
  lines.push({ text: end(owner) + lineEnd, owner, mark: 'end' })
  return lines.length - 1
}

/** A block without anything in it goes. */
function tidy(lines: Line[], owner: string | undefined): void {
  if (owner === undefined) return
  const at = lines.findIndex((line) => line.mark === 'begin' && line.owner === owner)
  if (at >= 0 && lines[at + 1]?.mark === 'end') lines.splice(at, 2)
}

/** Other readers must find what was meant, and of foreign lines what they found before. */
function checkMeaning(
  after: string,
  before: string,
  entries: ReadonlyMap<string, FileEntry>,
): void {
  const [now, then] = [
    new Map(Object.entries(parse(after))),
    new Map(Object.entries(parse(before))),
  ]
  for (const [name, { text, owner }] of entries) {
    if (now.get(name) !== (owner === undefined ? then.get(name) : text)) throw unclear()
    now.delete(name)
  }
  for (const [name, text] of now) if (then.get(name) !== text) throw unclear()
}

const unclear = () => corrupt('Readers of dotenv files would not agree on what is in it.')
const corrupt = (why: string) =>
  new CofferError('corrupt', `The dotenv file is not changed. ${why}`, {
    remedy: 'Correct the file by hand: `coffer import --dry-run` names its lines.',
  })
