import { compileConditions } from './conditions.ts'
import { decide } from './decide.ts'
import type { CompiledAccess, Decision, Question } from './decide.ts'
import type { Grant } from './grants.ts'
import { compilePattern } from './pattern.ts'
import type { Conditions, Rule } from './policy.ts'

/**
 * An answer with its reasons, from the actor over the role and the policy to the rule, a line each.
 * Without a deciding rule it names what the actor has, and the allow rules for this action and path
 * that did not come to decide.
 *
 * @example
 * local:alice has role shop-ops
 * role shop-ops has policy shop-read
 * policy shop-read, rule 1: allow read, list on shop/prod/**
 */
export function explain(options: {
  readonly actor: string
  /** Absent: nobody has told Coffer about this actor. */
  readonly grants: readonly Grant[] | undefined
  readonly access: CompiledAccess
  readonly question: Question
}): { readonly decision: Decision; readonly reasons: readonly string[] } {
  const { actor, grants, access, question } = options
  if (grants === undefined) {
    return { decision: decide(NOTHING, question), reasons: [`${actor} is not a known actor`] }
  }
  const decision = decide(access, question)
  const grant = grants.find(({ policy }) => policy.name === decision.rule?.policy)
  if (grant !== undefined && decision.rule?.at !== undefined) {
    const { policy, effect, at } = decision.rule
    const line = `policy ${policy}, path ${JSON.stringify(at)}: ${effect} ${question.action}`
    return { decision, reasons: [...chainTo(actor, grant), line] }
  }
  const rule = grant?.policy.rules[decision.rule?.index ?? -1]
  if (grant !== undefined && rule !== undefined && decision.rule !== undefined) {
    return {
      decision,
      reasons: [...chainTo(actor, grant), ruleLine(grant.policy.name, decision.rule.index, rule)],
    }
  }
  const names = grants.map(({ policy }) => policy.name)
  const has = names.length === 0 ? 'no policies' : `policies ${names.join(', ')}`
  return {
    decision,
    reasons: [
      `${actor} has ${has}`,
      `no rule allows ${question.action} on ${question.path}${whereTo(question)}`,
      ...nearMisses(grants, question),
    ],
  }
}

/** A rule as a person reads it: `deny read on shop/prod/** when labels previous`. */
function ruleText(rule: Rule): string {
  const actions = rule.actions.includes('*') ? 'everything' : rule.actions.join(', ')
  const when = rule.conditions === undefined ? '' : ` when ${conditionsText(rule.conditions)}`
  return `${rule.effect} ${actions} on ${rule.paths.join(', ')}${when}`
}

const NOTHING: CompiledAccess = { denies: [], allows: [], specific: [] }

/** Rules are counted from 1 for people. */
const ruleLine = (policy: string, index: number, rule: Rule): string =>
  `policy ${policy}, rule ${index + 1}: ${ruleText(rule)}`

function chainTo(actor: string, grant: Grant): string[] {
  const name = grant.policy.name
  const [role] = grant.roles
  if (grant.direct || role === undefined) return [`${actor} has policy ${name}`]
  return [`${actor} has role ${role}`, `role ${role} has policy ${name}`]
}

function nearMisses(grants: readonly Grant[], question: Question): string[] {
  return grants.flatMap(({ policy }) =>
    policy.rules.flatMap((rule, index) => {
      if (rule.effect !== 'allow' || !speaksOf(rule, question)) return []
      const conditions = compileConditions(rule.conditions)
      const missing = [
        ...(conditions.time(question.at) ? [] : ['time']),
        ...(conditions.labels(question.labels) ? [] : ['label']),
        ...(conditions.destinations?.(question.destination) === false ? ['destination'] : []),
      ]
      const why =
        question.action === 'deliver' && conditions.destinations === undefined
          ? 'it names no destinations'
          : missing.length === 0
            ? 'a more specific pattern decides'
            : `its conditions on ${missing.join(' and ')} do not hold`
      return [`not by ${ruleLine(policy.name, index, rule)}: ${why}`]
    }),
  )
}

const speaksOf = (rule: Rule, { action, path }: Question): boolean =>
  (rule.actions.includes('*') || rule.actions.includes(action)) &&
  rule.paths.some((text) => compilePattern(text).matches(path))

function conditionsText(conditions: Conditions): string {
  const { notBefore, notAfter, timeOfDay, weekdays, labels, destinations } = conditions
  return [
    notBefore === undefined ? '' : `from ${instantText(notBefore)}`,
    notAfter === undefined ? '' : `until ${instantText(notAfter)}`,
    timeOfDay === undefined ? '' : `within ${timeOfDay} UTC`,
    weekdays === undefined ? '' : `on weekdays ${weekdays.join(', ')}`,
    labels === undefined ? '' : `label is ${labels.join(' or ')}`,
    destinations === undefined ? '' : `destination is ${destinations.join(' or ')}`,
  ]
    .filter((text) => text !== '')
    .join(', ')
}

const whereTo = ({ destination }: Question): string =>
  destination === undefined ? '' : ` to ${destination}`

const instantText = (instant: string | number): string =>
  typeof instant === 'string' ? instant : new Date(instant).toISOString()
