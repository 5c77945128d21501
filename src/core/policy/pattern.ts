import { CofferError, isCofferError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { canonicalPath } from '../path.ts'

/** Things that are not secrets. A name of them is written `KIND:NAME`, with the kind in lower case. */
const RESOURCE_KINDS = [
  'policy',
  'role',
  'actor',
  'audit',
  'store',
  'token',
  'access-key',
  'approle',
  'jwt',
  'setting',
] as const
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

/** A compiled pattern over canonical paths. */
export interface Pattern {
  /** Canonical: one leading slash dropped. Two patterns are the same when their texts are. */
  readonly text: string
  /** Which things it speaks of; absent: secrets. `**` alone never reaches past secrets. */
  readonly kind: ResourceKind | undefined
  /** The text before the first wildcard: every match begins with it. */
  readonly literalPrefix: string
  /** Where matches lie in path order; see `Reach`. */
  readonly reach: Reach
  readonly specificity: Specificity
  matches(path: string): boolean
}

/** `exact`: that path only. `subtree`: that path and all below it. `prefix`: what begins with it. */
interface Reach {
  readonly shape: 'exact' | 'subtree' | 'prefix'
  readonly at: string
}

/** What HashiCorp Vault's priority rules compare. */
interface Specificity {
  /** Index of the first `*` in the text; Infinity without one. */
  readonly firstWildcard: number
  readonly endsInDoubleStar: boolean
  readonly wildcardSegments: number
}

/**
 * Reads a pattern. `*` stands for any part of one segment, nothing included, and never crosses `/`;
 * `**` as a whole segment stands for any number of segments, none included. Every other character
 * stands for itself, `? + { } [ ] $ %` too; there is no escape and no template. Otherwise a pattern
 * obeys the rules of paths.
 *
 * Matching takes at most (segments of the path × segments of the pattern) comparisons of segments
 * and never backtracks past the last wildcard.
 *
 * @throws CofferError `invalid_pattern`
 */
export function compilePattern(input: string): Pattern {
  const text = canonicalText(input)
  const kind = kindOf(text)
  const body = kind === undefined ? text : text.slice(kind.length + 1)
  if (kind === undefined) refuseMiscasedKind(text)
  else if (body === '' || body.startsWith('/')) throw refuse(`Name something after "${kind}:".`)
  const segments = body.split('/')
  for (const segment of segments) {
    if (segment.includes('**') && segment !== '**') {
      throw refuse('"**" is a whole segment by itself.')
    }
  }
  const firstStar = text.indexOf('*')
  const matchBody = matcherOf(body, segments)
  return {
    text,
    kind,
    literalPrefix: firstStar === -1 ? text : text.slice(0, firstStar),
    reach: reachOf(text, segments),
    specificity: {
      firstWildcard: firstStar === -1 ? Infinity : firstStar,
      endsInDoubleStar: segments.at(-1) === '**',
      wildcardSegments: segments.filter((segment) => segment.includes('*')).length,
    },
    matches: kind === undefined ? ofSecrets(matchBody) : ofKind(kind, matchBody),
  }
}

/** The kind of a thing by its name; undefined for a secret's path. */
export function kindOf(path: string): ResourceKind | undefined {
  const colon = path.indexOf(':')
  if (colon < SHORTEST_KIND || colon > LONGEST_KIND) return undefined
  for (const kind of RESOURCE_KINDS) {
    if (kind.length === colon && path.startsWith(kind)) return kind
  }
  return undefined
}

/**
 * Below zero when `a` decides before `b`: HashiCorp Vault's order. The lower priority has the
 * earlier first wildcard, then a final `**`, then more wildcard segments, then the shorter text,
 * then the smaller text. Zero for equal texts only.
 */
export function compareSpecificity(a: Pattern, b: Pattern): number {
  const [left, right] = [a.specificity, b.specificity]
  if (left.firstWildcard !== right.firstWildcard) {
    return left.firstWildcard > right.firstWildcard ? -1 : 1
  }
  if (left.endsInDoubleStar !== right.endsInDoubleStar) return left.endsInDoubleStar ? 1 : -1
  if (left.wildcardSegments !== right.wildcardSegments) {
    return left.wildcardSegments - right.wildcardSegments
  }
  if (a.text.length !== b.text.length) return b.text.length - a.text.length
  return a.text === b.text ? 0 : a.text > b.text ? -1 : 1
}

const SHORTEST_KIND = Math.min(...RESOURCE_KINDS.map((kind) => kind.length))
const LONGEST_KIND = Math.max(...RESOURCE_KINDS.map((kind) => kind.length))

type Match = (text: string) => boolean

const ofSecrets =
  (match: Match): Match =>
  (path) =>
    match(path) && kindOf(path) === undefined

function ofKind(kind: ResourceKind, match: Match): Match {
  const start = `${kind}:`
  return (path) => path.startsWith(start) && match(path.slice(start.length))
}

function canonicalText(input: string): string {
  if (typeof input !== 'string') throw refuse('A pattern is a string.')
  if (input.length > LIMITS.patternCharsMax) {
    throw refuse(`A pattern has at most ${LIMITS.patternCharsMax} characters.`)
  }
  try {
    return canonicalPath(input)
  } catch (error) {
    if (!isCofferError(error)) throw error
    throw refuse(error.message.replaceAll('path', 'pattern'))
  }
}

/** A rule on `Policy:*` would be silently about secrets; somebody who writes it means policies. */
function refuseMiscasedKind(text: string): void {
  const lower = text.toLowerCase()
  const kind = kindOf(lower)
  if (kind !== undefined) throw refuse(`Write "${kind}:" in lower case.`)
}

function reachOf(text: string, segments: readonly string[]): Reach {
  const firstStar = text.indexOf('*')
  if (firstStar === -1) return { shape: 'exact', at: text }
  const end = text.indexOf('/**')
  const onlyDoubleStarsFollow =
    end !== -1 && end < firstStar && text.slice(end).replaceAll('/**', '') === ''
  if (onlyDoubleStarsFollow) return { shape: 'subtree', at: text.slice(0, end) }
  if (segments.every((segment) => segment === '**') && text.startsWith('**')) {
    return { shape: 'subtree', at: '' }
  }
  return { shape: 'prefix', at: text.slice(0, firstStar) }
}

/** The three shapes that nearly every rule has are compared as strings; the rest by segments. */
function matcherOf(body: string, segments: readonly string[]): Match {
  if (!body.includes('*')) return (text) => text === body
  if (body === '**') return () => true
  const head = body.slice(0, -3)
  if (body.endsWith('/**') && !head.includes('*')) {
    const below = `${head}/`
    return (text) => text.startsWith(below) || text === head
  }
  return runsMatcher(segments)
}

/**
 * Between two `**` lies a run of segments of fixed length, so taking each run where it fits first
 * is never wrong: what is left for the later runs is the longest possible.
 */
function runsMatcher(segments: readonly string[]): Match {
  const runs: Match[][] = [[]]
  for (const segment of segments) {
    if (segment === '**') runs.push([])
    else runs.at(-1)?.push(segmentMatcher(segment))
  }
  const first = runs[0] ?? []
  const last = runs.at(-1) ?? []
  const middle = runs.slice(1, -1).filter((run) => run.length > 0)
  const fixed = segments.filter((segment) => segment !== '**').length
  const open = runs.length > 1
  return (text) => {
    const parts = text.split('/')
    if (open ? parts.length < fixed : parts.length !== fixed) return false
    if (!fits(first, parts, 0)) return false
    if (!open) return true
    const end = parts.length - last.length
    if (!fits(last, parts, end)) return false
    let at = first.length
    for (const run of middle) {
      while (at + run.length <= end && !fits(run, parts, at)) at++
      if (at + run.length > end) return false
      at += run.length
    }
    return true
  }
}

const fits = (run: readonly Match[], parts: readonly string[], at: number): boolean =>
  run.every((match, i) => match(parts[at + i] ?? ''))

/** The same argument inside a segment: each literal piece is taken where it occurs first. */
function segmentMatcher(segment: string): Match {
  if (!segment.includes('*')) return (part) => part === segment
  const pieces = segment.split('*')
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  const middle = pieces.slice(1, -1)
  return (part) => {
    if (part.length < first.length + last.length) return false
    if (!part.startsWith(first) || !part.endsWith(last)) return false
    const end = part.length - last.length
    let at = first.length
    for (const piece of middle) {
      const found = part.indexOf(piece, at)
      if (found === -1 || found + piece.length > end) return false
      at = found + piece.length
    }
    return true
  }
}

const refuse = (why: string) => new CofferError('invalid_pattern', why)
