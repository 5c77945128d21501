import { compileConditions } from './conditions.ts'
import type { CompiledConditions, Moment } from './conditions.ts'
import { compareSpecificity, compilePattern, kindOf } from './pattern.ts'
import type { Pattern } from './pattern.ts'
import { ACTIONS } from './policy.ts'
import type { Action, Policy, Rule } from './policy.ts'
import type { VaultAccess, VaultVerdict } from './vault/access.ts'
import type { Manner } from './vault/addresses.ts'

/** May this be done now? `path` is a canonical path, or `policy:NAME`, `audit:log` … */
export interface Question extends Moment {
  readonly action: Action
  readonly path: string
  /** Of a change, for policies in Vault's language; they tell making from changing. */
  readonly manner?: Manner | undefined
}

export interface Decision {
  readonly allowed: boolean
  readonly why: 'allow' | 'deny' | 'no matching rule'
  /** The rule that decided; absent when none matched. */
  readonly rule?: RuleRef
}

interface RuleRef {
  readonly policy: string
  /** Its place in the policy, from 0. */
  readonly index: number
  readonly effect: Rule['effect']
  /** Of a policy in Vault's language: the path that decided, as written there. `index` is -1. */
  readonly at?: string
}

/** One actor's policies, compiled once and asked many times. Opaque but for this room. */
export interface CompiledAccess {
  readonly denies: readonly CompiledRule[]
  readonly allows: readonly CompiledRule[]
  /** The `mostSpecific` rules by pattern, the most specific first. */
  readonly specific: readonly {
    readonly pattern: Pattern
    readonly rules: readonly CompiledRule[]
  }[]
  /** What policies in Vault's language say; absent without any. */
  readonly vault?: VaultAccess | undefined
}

export interface CompiledRule {
  /** One bit for each action. */
  readonly actions: number
  readonly patterns: readonly Pattern[]
  readonly conditions: CompiledConditions
  /** What this rule answers when it decides. */
  readonly decision: Decision
}

/**
 * Compiles the policies of one actor, those of its roles included.
 * @throws CofferError `invalid_pattern`, `invalid_policy` for a policy that `parsePolicy` refuses
 */
export function compileAccess(options: {
  readonly policies: readonly Policy[]
  /** What those of them say that are in Vault's language; `compileVaultAccess` makes it. */
  readonly vault?: VaultAccess | undefined
}): CompiledAccess {
  const denies: CompiledRule[] = []
  const allows: CompiledRule[] = []
  const specific = new Map<string, { pattern: Pattern; rules: CompiledRule[] }>()
  for (const policy of options.policies) {
    policy.rules.forEach((rule, index) => {
      const compiled = compileRule(policy.name, index, rule)
      if (policy.combine !== 'mostSpecific') {
        ;(rule.effect === 'deny' ? denies : allows).push(compiled)
        return
      }
      for (const pattern of compiled.patterns) {
        const group = specific.get(pattern.text) ?? { pattern, rules: [] }
        group.rules.push(compiled)
        specific.set(pattern.text, group)
      }
    })
  }
  return {
    denies,
    allows,
    vault: options.vault,
    specific: [...specific.values()].toSorted((a, b) => compareSpecificity(a.pattern, b.pattern)),
  }
}

/**
 * The one place where access is decided. Pure.
 *
 * 1. A matching deny rule of a `denyWins` policy denies, whatever else is allowed.
 * 2. A matching allow rule of a `denyWins` policy allows.
 * 3. Among the `mostSpecific` policies together, the most specific pattern with a rule whose
 *    conditions hold decides alone: a deny rule there for the action denies, else an allow rule
 *    there for it allows. Less specific patterns are not asked.
 * 4. Policies in Vault's language together decide as Vault would, over the addresses that stand for
 *    what is asked.
 * 5. Everything else is denied.
 *
 * A rule matches when its action, one of its patterns and all of its conditions do. An action that
 * is not one of ours matches no rule, `*` included. An allow rule has the action `deliver` only where
 * it names destinations, and a rule that names some has no other action.
 */
export function decide(access: CompiledAccess, question: Question): Decision {
  const bit = ACTION_BITS.get(question.action) ?? 0
  const denied = firstMatch(access.denies, bit, question)
  if (denied !== undefined) return denied
  const byRules = firstMatch(access.allows, bit, question) ?? mostSpecific(access, bit, question)
  if (access.vault === undefined || byRules?.allowed === true) return byRules ?? NO_MATCH
  return byVault(access.vault, question) ?? byRules ?? NO_MATCH
}

function byVault(vault: VaultAccess, question: Question): Decision | undefined {
  if (kindOf(question.path) !== undefined) return undefined
  const { action, path, manner = {}, labels } = question
  const verdict = vault.decide(action, path, manner, labels)
  return verdict && decisionOf(verdict)
}

function decisionOf({ allowed, by }: VaultVerdict): Decision {
  const effect = allowed ? 'allow' : 'deny'
  return { allowed, why: effect, rule: { policy: by.policy, index: -1, effect, at: by.path } }
}

/** Whether a compiled rule speaks of an action. */
export const covers = (rule: CompiledRule, action: Action): boolean =>
  (rule.actions & (ACTION_BITS.get(action) ?? 0)) !== 0

const ACTION_BITS: ReadonlyMap<string, number> = new Map(
  ACTIONS.map((action, i) => [action, 1 << i]),
)
const EVERY_ACTION = (1 << ACTIONS.length) - 1
const DELIVER = ACTION_BITS.get('deliver') ?? 0
const NO_MATCH: Decision = Object.freeze({ allowed: false, why: 'no matching rule' })

function compileRule(policy: string, index: number, rule: Rule): CompiledRule {
  let actions = 0
  for (const action of rule.actions) {
    actions |= action === '*' ? EVERY_ACTION : (ACTION_BITS.get(action) ?? 0)
  }
  if (rule.conditions?.destinations !== undefined) actions &= DELIVER
  else if (rule.effect === 'allow') actions &= ~DELIVER
  return {
    actions,
    patterns: rule.paths.map(compilePattern),
    conditions: compileConditions(rule.conditions),
    decision: Object.freeze({
      allowed: rule.effect === 'allow',
      why: rule.effect,
      rule: Object.freeze({ policy, index, effect: rule.effect }),
    }),
  }
}

function firstMatch(
  rules: readonly CompiledRule[],
  bit: number,
  question: Question,
): Decision | undefined {
  for (const rule of rules) {
    if ((rule.actions & bit) !== 0 && matchesPath(rule, question.path) && holds(rule, question)) {
      return rule.decision
    }
  }
  return undefined
}

function mostSpecific(
  access: CompiledAccess,
  bit: number,
  question: Question,
): Decision | undefined {
  for (const { pattern, rules } of access.specific) {
    if (!pattern.matches(question.path)) continue
    const present = rules.filter((rule) => holds(rule, question))
    if (present.length === 0) continue
    const asked = present.filter((rule) => (rule.actions & bit) !== 0)
    return (asked.find((rule) => !rule.decision.allowed) ?? asked[0])?.decision
  }
  return undefined
}

function matchesPath(rule: CompiledRule, path: string): boolean {
  for (const pattern of rule.patterns) if (pattern.matches(path)) return true
  return false
}

const holds = ({ conditions }: CompiledRule, moment: Moment): boolean =>
  conditions.time(moment.at) &&
  conditions.labels(moment.labels) &&
  (conditions.destinations === undefined || conditions.destinations(moment.destination))
