import { LIMITS } from '../limits.ts'
import { parseRegex, RegexError } from './regex-parse.ts'
import type { Node } from './regex-parse.ts'

/** A regular expression that matches in time proportional to its states × the text, always. */
export interface Regex {
  /** The whole text matches. */
  whole(text: string): boolean
  /** Some part of the text matches. `spend` hears of each state that is followed. */
  search(text: string, spend?: (steps: number) => void): boolean
}

/**
 * Compiles an ECMAScript regular expression (flag `u` or `v`). All states are followed at once, one
 * character after another (Thompson, 1968), so there is no backtracking that a value could make
 * exponential. What needs backtracking is refused: look-around and back-references; also flags and
 * sets that hold strings of several characters.
 *
 * @throws RegexError
 */
export function compileRegex(source: string, flag: 'u' | 'v'): Regex {
  const program: Step[] = []
  emit(program, parseRegex(source, flag))
  push(program, { do: 'match' })
  return {
    whole: (text) => run(program, text, false),
    search: (text, spend) => run(program, text, true, spend),
  }
}

type Step =
  | { readonly do: 'match' }
  | { readonly do: 'char'; readonly test: (char: string) => boolean }
  | { readonly do: 'assert'; readonly holds: (before: string, after: string) => boolean }
  | { readonly do: 'fork'; to: readonly number[] }

function push(program: Step[], step: Step): number {
  if (program.length >= LIMITS.typePatternStatesMax) throw new RegexError('repeats too much')
  return program.push(step) - 1
}

function emit(program: Step[], node: Node): void {
  if (node.is === 'char') push(program, { do: 'char', test: node.test })
  else if (node.is === 'assert') push(program, { do: 'assert', holds: node.holds })
  else if (node.is === 'sequence') for (const part of node.parts) emit(program, part)
  else if (node.is === 'choice') emitChoice(program, node.options)
  else emitRepeat(program, node.part, node.min, node.max)
}

function emitChoice(program: Step[], options: readonly Node[]): void {
  const fork = { do: 'fork' as const, to: [] as number[] }
  push(program, fork)
  const ends: { to: readonly number[] }[] = []
  for (const option of options) {
    fork.to.push(program.length)
    emit(program, option)
    const end = { do: 'fork' as const, to: [] as readonly number[] }
    push(program, end)
    ends.push(end)
  }
  for (const end of ends) end.to = [program.length]
}

function emitRepeat(program: Step[], part: Node, min: number, max: number): void {
  for (let i = 0; i < min; i++) {
    const start = program.length
    emit(program, part)
    if (program.length === start) break
  }
  if (max === Infinity) {
    const fork = { do: 'fork' as const, to: [] as readonly number[] }
    const start = push(program, fork)
    emit(program, part)
    push(program, { do: 'fork', to: [start] })
    fork.to = [start + 1, program.length]
    return
  }
  const forks: { to: readonly number[]; readonly next: number }[] = []
  for (let i = min; i < max; i++) {
    const fork = { do: 'fork' as const, to: [] as readonly number[], next: program.length + 1 }
    push(program, fork)
    forks.push(fork)
    emit(program, part)
  }
  for (const fork of forks) fork.to = [fork.next, program.length]
}

function run(
  program: readonly Step[],
  text: string,
  anywhere: boolean,
  spend?: (steps: number) => void,
): boolean {
  const seenAt = new Int32Array(program.length).fill(-1)
  let current: number[] = []
  let matched = false
  let position = 0
  let before = ''
  const follow = (into: number[], from: number, after: string): void => {
    const pending = [from]
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      const step = program[at]
      if (step === undefined || seenAt[at] === position) continue
      seenAt[at] = position
      if (step.do === 'match') matched = true
      else if (step.do === 'char') into.push(at)
      else if (step.do === 'fork') pending.push(...step.to)
      else if (step.holds(before, after)) pending.push(at + 1)
    }
  }
  const chars = Array.from(text)
  follow(current, 0, chars[0] ?? '')
  for (const [index, char] of chars.entries()) {
    if (anywhere && matched) return true
    if (!anywhere && current.length === 0) return false
    spend?.(current.length + 1)
    matched = false
    before = char
    position = index + 1
    const next: number[] = []
    const after = chars[position] ?? ''
    for (const at of current) {
      const step = program[at]
      if (step?.do === 'char' && step.test(char)) follow(next, at + 1, after)
    }
    if (anywhere) follow(next, 0, after)
    current = next
  }
  return matched
}
