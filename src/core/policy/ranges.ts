import { compareUtf8 } from '../utf8-order.ts'
import { covers } from './decide.ts'
import type { CompiledAccess, CompiledRule } from './decide.ts'
import type { Pattern } from './pattern.ts'
import type { Action } from './policy.ts'

/** Paths from `from` on and less than `before` (absent: to the end), in UTF-8 byte order. */
export interface PathRange {
  readonly from: string
  readonly before: string | undefined
}

/**
 * Where an actor's answers to a listing can lie: ascending, disjoint ranges of secrets' paths that
 * hold every path at or below `prefix` which `decide` may allow for `action` at `at`. They may hold
 * more: each path found in them must still be decided. Empty: nothing can be allowed.
 */
export function listRanges(
  access: CompiledAccess,
  action: Action,
  prefix: string,
  at: number,
): PathRange[] {
  const allowed = (rule: CompiledRule): boolean =>
    rule.decision.allowed && covers(rule, action) && rule.conditions.time(at)
  const patterns = [
    ...access.allows.filter(allowed).flatMap((rule) => rule.patterns),
    ...access.specific.filter(({ rules }) => rules.some(allowed)).map(({ pattern }) => pattern),
  ]
  const wanted = subtree(prefix)
  const starts = action === 'list' && access.vault !== undefined ? access.vault.listStarts() : []
  return merge(
    patterns
      .filter((pattern) => pattern.kind === undefined)
      .flatMap(rangesOf)
      .concat(starts.map(startingWith))
      .flatMap((range) => wanted.map((other) => intersect(range, other)))
      .filter((range) => range !== undefined),
  )
}

function rangesOf({ reach }: Pattern): PathRange[] {
  if (reach.shape === 'exact') return [exactly(reach.at)]
  if (reach.shape === 'subtree') return subtree(reach.at)
  return [startingWith(reach.at)]
}

/** Paths hold no NUL, so nothing lies between a path and itself with a NUL. */
const exactly = (path: string): PathRange => ({ from: path, before: `${path}\0` })

const subtree = (path: string): PathRange[] =>
  path === '' ? [startingWith('')] : [exactly(path), startingWith(`${path}/`)]

const startingWith = (prefix: string): PathRange => ({ from: prefix, before: after(prefix) })

/** The smallest text greater than every text that begins with `prefix`. */
function after(prefix: string): string | undefined {
  const points = Array.from(prefix, (char) => char.codePointAt(0) ?? 0)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    if (last === 0x10ffff) continue
    const next = last === 0xd7ff ? 0xe000 : last + 1
    return String.fromCodePoint(...points, next)
  }
  return undefined
}

function intersect(a: PathRange, b: PathRange): PathRange | undefined {
  const from = compareUtf8(a.from, b.from) >= 0 ? a.from : b.from
  const before = compareEnds(a.before, b.before) <= 0 ? a.before : b.before
  return before === undefined || compareUtf8(from, before) < 0 ? { from, before } : undefined
}

function merge(ranges: PathRange[]): PathRange[] {
  const sorted = ranges.toSorted((a, b) => compareUtf8(a.from, b.from))
  const merged: PathRange[] = []
  for (const range of sorted) {
    const last = merged.at(-1)
    if (
      last === undefined ||
      (last.before !== undefined && compareUtf8(last.before, range.from) < 0)
    ) {
      merged.push(range)
    } else if (compareEnds(last.before, range.before) < 0) {
      merged[merged.length - 1] = { from: last.from, before: range.before }
    }
  }
  return merged
}

const compareEnds = (a: string | undefined, b: string | undefined): number => {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  return compareUtf8(a, b)
}
