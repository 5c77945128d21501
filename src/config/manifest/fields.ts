import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { hintOf } from '../../core/nearest.ts'
import { DocumentError, refuse, valueOf } from '../document/node.ts'
import type { DocumentNode, MapNode } from '../document/node.ts'
import type { OptionValue } from './manifest.ts'
import type { Mistakes } from './mistakes.ts'

/** Where this key of a map is written. */
export const keyAt = ({ keysAt, entries, at }: MapNode, key: string): string | undefined =>
  keysAt?.get(key) ?? entries.get(key)?.at ?? at

/** The known entries of a map; every other key is a mistake that names the nearest known one. */
export function knownEntries<K extends string>(
  node: MapNode,
  known: readonly K[],
  mistakes: Mistakes,
): Partial<Record<K, DocumentNode>> {
  const found: Partial<Record<K, DocumentNode>> = {}
  for (const [key, part] of node.entries) {
    const name = known.find((candidate) => candidate === key)
    if (name !== undefined) found[name] = part
    else mistakes.attempt(shown(key), () => refuseUnknown(key, known, keyAt(node, key)))
  }
  return found
}

/** @throws DocumentError always */
export function refuseUnknown(
  word: string,
  known: readonly string[],
  at: string | undefined,
): never {
  const says = `"${shown(word)}" is not known here. ${hintOf(word, known)}`
  throw new DocumentError('invalid_config', says, at)
}

/** An object; nothing at all is an empty one. @throws DocumentError */
export function readMap(node: DocumentNode, what: string): MapNode {
  if (node.kind === 'map') return node
  if (isNothing(node)) return { kind: 'map', entries: new Map(), at: node.at }
  throw refuse(`${what} must be an object: { … }, or its keys indented below it.`, node)
}

/** @throws DocumentError */
export function readList(node: DocumentNode, what: string): readonly DocumentNode[] {
  if (node.kind !== 'list')
    throw refuse(`${what} must be a list: [ … ], or lines that begin with a dash.`, node)
  if (node.items.length > LIMITS.manifestListMax) {
    throw new DocumentError(
      'too_large',
      `${what} has at most ${LIMITS.manifestListMax} entries.`,
      node.at,
    )
  }
  return node.items
}

/** Text of one line, not empty. @throws DocumentError */
export function readText(node: DocumentNode, what: string, charsMax: number): string {
  const value = node.kind === 'scalar' ? node.value : undefined
  if (typeof value !== 'string' || value.trim() === '') throw refuse(`${what} must be text.`, node)
  if (value.length > charsMax) {
    throw new DocumentError('too_large', `${what} has at most ${charsMax} characters.`, node.at)
  }
  if (/[^\P{Cc}\n]|\p{Cs}/u.test(value)) {
    throw refuse(`${what} holds a control character.`, node)
  }
  return value
}

/** A name of an environment, a workload, a project. @throws DocumentError */
export function readName(node: DocumentNode, what: string): string {
  return checkName(readText(node, what, LIMITS.pathBytesMax), what, node.at)
}

/** @throws DocumentError */
export function checkName(name: string, what: string, at: string | undefined): string {
  if (NAME.test(name)) return name
  const says = 'at most 64 letters, digits and . _ -, and begins with a letter or digit'
  throw new DocumentError('invalid_config', `${what} has ${says}.`, at)
}

/** Names, each once. @throws DocumentError */
export function readNames(node: DocumentNode, what: string): readonly string[] {
  const names = new Set<string>()
  for (const item of readList(node, what)) {
    const name = readName(item, what)
    if (names.has(name)) throw refuse(`${what} names ${name} twice.`, item)
    names.add(name)
  }
  if (names.size === 0) throw refuse(`${what} must name at least one.`, node)
  return [...names]
}

/** @throws DocumentError */
export function readFlag(node: DocumentNode, what: string): boolean {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  throw refuse(`${what} must be true or false.`, node)
}

/** Whole days: `90d`. @throws DocumentError */
export function readDays(node: DocumentNode, what: string): number {
  const text = valueOf(node)
  const days = typeof text === 'string' && DAYS.test(text) ? Number.parseInt(text, 10) : undefined
  if (days === undefined) throw refuse(`${what} must be a number of days, such as 90d.`, node)
  if (days >= 1 && days <= LIMITS.rotateEveryDaysMax) return days
  throw refuse(`${what} must be from 1d to ${LIMITS.rotateEveryDaysMax}d.`, node)
}

/**
 * A text, a list of texts, or texts by name; a truth value is its word. Numbers are refused, since
 * YAML drops their leading zeros.
 * @throws DocumentError
 */
export function readOption(node: DocumentNode, what: string): OptionValue {
  if (node.kind === 'list') return readList(node, what).map((item) => optionText(item, what))
  if (node.kind === 'scalar') return optionText(node, what)
  const parts = [...node.entries].map(([key, part]) => [key, optionText(part, what)] as const)
  return Object.fromEntries(parts)
}

/** @throws DocumentError */
export function optionText(node: DocumentNode, what: string): string {
  const value = node.kind === 'scalar' ? node.value : undefined
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number')
    throw refuse(`${what} must be text: write a number in quotes.`, node)
  return readText(node, what, LIMITS.referenceCharsMax)
}

/** What `read` refuses is refused at this place of the document. @throws DocumentError */
export function inPlace<T>(at: string | undefined, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof CofferError) || error instanceof DocumentError) throw error
    const code = error.code === 'too_large' ? 'too_large' : 'invalid_config'
    throw new DocumentError(code, error.message, at)
  }
}

/** An object by name that inherits nothing, so that `constructor` is a name like any other. */
export const recordOf = <T>(entries: Iterable<readonly [string, T]>): Readonly<Record<string, T>> =>
  Object.assign(Object.create(null) as Record<string, T>, Object.fromEntries(entries))

export const isNothing = (node: DocumentNode): boolean =>
  node.kind === 'scalar' && node.value === null

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const DAYS = /^(?:0|[1-9]\d{0,5})d$/

/** A key from a file, as far as it may be printed. */
const shown = (word: string) => word.slice(0, 64)
