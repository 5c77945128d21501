import { isWithin } from '../../../../core/cidr.ts'
import { anywhere } from './anywhere.ts'
import type { Condition } from './document.ts'
import { globMatches } from './glob.ts'

/** What conditions are asked about, by key in lower case: `aws:sourceip`. Absent keys are absent. */
export type Facts = ReadonlyMap<string, string>

/**
 * Whether a condition of a Deny holds. An operator that is not known holds: who wrote it wanted
 * something refused.
 */
export function holds({ operator, key, values }: Condition, facts: Facts): boolean {
  const plain = operator.replace(/^For(All|Any)Values:/i, '').toLowerCase()
  const optional = plain.endsWith('ifexists')
  const name = optional ? plain.slice(0, -'ifexists'.length) : plain
  const fact = facts.get(key)
  if (name === 'null')
    return values.some((value) => (value.toLowerCase() === 'true') === (fact === undefined))
  const test = OPERATORS.get(name)
  if (test === undefined) return true
  if (fact === undefined) return optional || test.negated
  const some = values.some((value) => test.matches(fact, ARNS.has(key) ? anywhere(value) : value))
  return test.negated ? !some : some
}

/** Whose values are ARNs of ours. */
const ARNS = new Set(['aws:principalarn', 'secretsmanager:secretid'])

type Compare = (fact: string, value: string) => boolean

const same: Compare = (fact, value) => fact === value
const sameIgnoringCase: Compare = (fact, value) => fact.toLowerCase() === value.toLowerCase()
const like: Compare = (fact, value) => globMatches(value, fact)
const inBlock: Compare = (fact, value) => {
  try {
    return isWithin(fact, [value])
  } catch {
    return false
  }
}
const compared =
  (read: (text: string) => number, holdsFor: (difference: number) => boolean): Compare =>
  (fact, value) =>
    holdsFor(read(fact) - read(value))
const instant = (text: string) => (/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text))

const COMPARISONS: readonly [string, (difference: number) => boolean][] = [
  ['equals', (d) => d === 0],
  ['notequals', (d) => d !== 0],
  ['lessthan', (d) => d < 0],
  ['lessthanequals', (d) => d <= 0],
  ['greaterthan', (d) => d > 0],
  ['greaterthanequals', (d) => d >= 0],
]

/** A negated one holds when none of its values matches, and when there is nothing to compare. */
const OPERATORS: ReadonlyMap<string, { matches: Compare; negated: boolean }> = new Map(
  [
    { name: 'stringequals', matches: same, negated: false },
    { name: 'stringnotequals', matches: same, negated: true },
    { name: 'stringequalsignorecase', matches: sameIgnoringCase, negated: false },
    { name: 'stringnotequalsignorecase', matches: sameIgnoringCase, negated: true },
    { name: 'stringlike', matches: like, negated: false },
    { name: 'stringnotlike', matches: like, negated: true },
    { name: 'arnequals', matches: like, negated: false },
    { name: 'arnlike', matches: like, negated: false },
    { name: 'arnnotequals', matches: like, negated: true },
    { name: 'arnnotlike', matches: like, negated: true },
    { name: 'bool', matches: sameIgnoringCase, negated: false },
    { name: 'ipaddress', matches: inBlock, negated: false },
    { name: 'notipaddress', matches: inBlock, negated: true },
    ...COMPARISONS.flatMap(([name, holdsFor]) => [
      { name: `date${name}`, matches: compared(instant, holdsFor), negated: false },
      { name: `numeric${name}`, matches: compared(Number, holdsFor), negated: false },
    ]),
  ].map(({ name, ...operator }) => [name, operator]),
)
