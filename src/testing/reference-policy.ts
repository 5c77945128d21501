import type { Decision, Question } from '../core/policy/decide.ts'
import type { Conditions, Policy, Rule } from '../core/policy/policy.ts'

/**
 * The meaning of policies written down a second time: recursive, slow, and shaped like the sentences
 * of docs/policies.md. It shares no code with `decide`, which must always agree with it.
 */
export function referenceDecide(policies: readonly Policy[], question: Question): Decision {
  const all = policies.flatMap((policy) =>
    policy.rules.map((rule, index) => ({ policy, rule, index })),
  )
  const native = all.filter(({ policy }) => policy.combine !== 'mostSpecific')
  const matching = native.filter(({ rule }) => ruleMatches(rule, question))
  const deciding =
    matching.find(({ rule }) => rule.effect === 'deny') ??
    matching.find(({ rule }) => rule.effect === 'allow') ??
    mostSpecific(
      all.filter((candidate) => !native.includes(candidate)),
      question,
    )
  if (deciding === undefined) return { allowed: false, why: 'no matching rule' }
  const { effect } = deciding.rule
  return {
    allowed: effect === 'allow',
    why: effect,
    rule: { policy: deciding.policy.name, index: deciding.index, effect },
  }
}

/** Whether a pattern matches a path or the name of another thing. */
export function referenceMatch(pattern: string, path: string): boolean {
  const [patternKind, patternBody] = splitKind(pattern)
  const [pathKind, pathBody] = splitKind(path)
  return patternKind === pathKind && segmentsMatch(patternBody.split('/'), pathBody.split('/'))
}

interface Candidate {
  readonly policy: Policy
  readonly rule: Rule
  readonly index: number
}

function mostSpecific(candidates: readonly Candidate[], question: Question): Candidate | undefined {
  const present = candidates.filter(({ rule }) => conditionsHold(rule.conditions, question))
  const patterns = present
    .flatMap(({ rule }) => rule.paths)
    .filter((pattern) => referenceMatch(pattern, question.path))
  const [best] = patterns.filter((one) => patterns.every((other) => !isLower(one, other)))
  if (best === undefined) return undefined
  const deciding = present.filter(({ rule }) => rule.paths.includes(best) && asks(rule, question))
  return deciding.find(({ rule }) => rule.effect === 'deny') ?? deciding[0]
}

/** HashiCorp Vault's sentences, in its order. */
function isLower(one: string, other: string): boolean {
  const wildcard = (text: string): number => (text.includes('*') ? text.indexOf('*') : 1e9)
  if (wildcard(one) !== wildcard(other)) return wildcard(one) < wildcard(other)
  const open = (text: string): boolean => /(^|[/:])\*\*$/.test(text)
  if (open(one) !== open(other)) return open(one)
  const count = (text: string): number => text.split('/').filter((s) => s.includes('*')).length
  if (count(one) !== count(other)) return count(one) > count(other)
  if (one.length !== other.length) return one.length < other.length
  return one < other
}

function asks({ effect, actions, conditions }: Rule, { action }: Question): boolean {
  if (!actions.some((one) => one === action || one === '*')) return false
  const names = conditions?.destinations !== undefined
  return action === 'deliver' ? names || effect === 'deny' : !names
}

const ruleMatches = (rule: Rule, question: Question): boolean =>
  asks(rule, question) &&
  rule.paths.some((pattern) => referenceMatch(pattern, question.path)) &&
  conditionsHold(rule.conditions, question)

function conditionsHold(
  conditions: Conditions = {},
  { at, labels = [], destination }: Question,
): boolean {
  const now = new Date(at)
  const clock = now.toISOString().slice(11, 16)
  const { notBefore, notAfter, timeOfDay, weekdays, labels: listed, destinations } = conditions
  if (notBefore !== undefined && now < new Date(notBefore)) return false
  if (notAfter !== undefined && now > new Date(notAfter)) return false
  if (weekdays !== undefined && !weekdays.includes(now.getUTCDay() || 7)) return false
  if (listed !== undefined && !labels.some((label) => listed.includes(label))) return false
  if (destinations !== undefined) {
    if (destination === undefined) return false
    if (!destinations.some((pattern) => referenceMatch(pattern, destination))) return false
  }
  if (timeOfDay === undefined) return true
  const [from = '', to = ''] = timeOfDay.split('-')
  return from < to ? from <= clock && clock < to : from <= clock || clock < to
}

function splitKind(text: string): [kind: string, body: string] {
  const found = /^(policy|role|actor|audit|store):([^]*)$/.exec(text)
  return found === null ? ['secret', text] : [found[1] ?? '', found[2] ?? '']
}

function segmentsMatch(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return path.length === 0
  if (first === '**') {
    return segmentsMatch(rest, path) || (path.length > 0 && segmentsMatch(pattern, path.slice(1)))
  }
  return path[0] !== undefined && partMatches(first, path[0]) && segmentsMatch(rest, path.slice(1))
}

function partMatches(pattern: string, part: string): boolean {
  if (pattern === '') return part === ''
  if (pattern.startsWith('*')) {
    return (
      partMatches(pattern.slice(1), part) || (part !== '' && partMatches(pattern, part.slice(1)))
    )
  }
  return part !== '' && pattern[0] === part[0] && partMatches(pattern.slice(1), part.slice(1))
}
