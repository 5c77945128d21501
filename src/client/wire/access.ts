import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import { ACTIONS } from '../../core/policy/policy.ts'
import { accessName, actorName, allOf, label, labelHere, path, text, wholeHere } from './common.ts'

/** Policies, roles, actors, and questions about them. */

const Rule = z.strictObject({
  effect: z.enum(['allow', 'deny']),
  actions: z.array(z.enum([...ACTIONS, '*'])).min(1),
  paths: z.array(z.string()).min(1),
  conditions: z
    .strictObject({
      notBefore: z.union([z.string(), z.number()]).optional(),
      notAfter: z.union([z.string(), z.number()]).optional(),
      timeOfDay: z.string().meta({ pattern: '^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$' }).optional(),
      weekdays: z.array(wholeHere(1, 7)).min(1).optional(),
      labels: z.array(label()).min(1).optional(),
      destinations: z.array(z.string()).min(1).optional(),
    })
    .optional(),
})

const POLICY = {
  description: text(LIMITS.descriptionCharsMax).optional(),
  combine: z.enum(['denyWins', 'mostSpecific']).optional(),
  rules: z.array(Rule).max(LIMITS.policyRulesMax).default([]),
  hcl: text(LIMITS.policyBytesMax).optional(),
}

/** Checked by the engine, so that a policy is refused as `invalid_policy` everywhere. */
export const PolicyBody = z.strictObject({ name: accessName().optional(), ...POLICY })
export const Policy = z.strictObject({ name: accessName(), ...POLICY })
export const Policies = allOf(Policy)

const names = () => z.array(accessName()).meta({ maxItems: LIMITS.policiesPerActorMax })

export const RoleBody = z.strictObject({ policies: names() })
export const Role = z.strictObject({ name: accessName(), policies: names() })
export const Roles = allOf(Role)

export const ActorBody = z.strictObject({ policies: names(), roles: names() })
export const Actor = z.strictObject({ name: actorName(), policies: names(), roles: names() })
export const Actors = allOf(Actor)

const destination = () =>
  z.string().meta({ description: 'Of `deliver`: where to, as `vercel:prj_1/production`.' })

export const AccessQuestion = z.strictObject({
  actor: actorName(),
  action: z.string().meta({ enum: [...ACTIONS] }),
  path: path(),
  label: labelHere().optional(),
  destination: destination().optional(),
  at: wholeHere(0, 8_640_000_000_000_000).optional(),
})

export const AccessAnswer = z.strictObject({
  allowed: z.boolean(),
  reasons: z.array(z.string()),
})

export const WhoQuery = z.strictObject({
  action: z.string().meta({ enum: [...ACTIONS] }),
  path: path(),
  destination: destination().optional(),
})

export const WhoAnswer = allOf(z.strictObject({ actor: z.string(), answer: AccessAnswer }))
