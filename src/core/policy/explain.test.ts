import { expect, test } from 'vitest'
import { compileAccess } from './decide.ts'
import type { Question } from './decide.ts'
import { explain } from './explain.ts'
import { grantsOf } from './grants.ts'
import type { Policy } from './policy.ts'

const reader: Policy = {
  name: 'shop-read',
  rules: [
    { effect: 'allow', actions: ['list'], paths: ['shop/**'] },
    {
      effect: 'allow',
      actions: ['read', 'list'],
      paths: ['shop/prod/**', 'shop/dev/**'],
      conditions: {
        timeOfDay: '08:00-17:00',
        weekdays: [1, 2],
        labels: ['current'],
        notAfter: 2e12,
      },
    },
    { effect: 'deny', actions: ['*'], paths: ['shop/prod/root'] },
  ],
}
const MONDAY = Date.UTC(2026, 2, 2, 9)
const policies = new Map([[reader.name, reader]])
const roles = new Map([['ops', { name: 'ops', policies: ['shop-read', 'gone'] }]])
const directory = {
  policy: (name: string) => policies.get(name),
  role: (name: string) => roles.get(name),
}
const grants = (direct: string[], through: string[]) =>
  grantsOf({ name: 'local:alice', policies: direct, roles: through }, directory)

function reasons(given: ReturnType<typeof grants> | undefined, question: Partial<Question>) {
  const access = compileAccess({ policies: (given ?? []).map(({ policy }) => policy) })
  const whole = {
    action: 'read',
    path: 'shop/prod/a',
    at: MONDAY,
    labels: ['current'],
    ...question,
  }
  return explain({ actor: 'local:alice', grants: given, access, question: whole as Question })
}

test('an allowed read is traced from the actor over role and policy to the rule', () => {
  expect(reasons(grants([], ['ops']), {})).toMatchObject({
    decision: { allowed: true },
    reasons: [
      'local:alice has role ops',
      'role ops has policy shop-read',
      'policy shop-read, rule 2: allow read, list on shop/prod/**, shop/dev/** when until 2033-05-18T03:33:20.000Z, within 08:00-17:00 UTC, on weekdays 1, 2, label is current',
    ],
  })
})

test('a denial names the rule that denies', () => {
  expect(reasons(grants(['shop-read'], []), { path: 'shop/prod/root' })).toMatchObject({
    decision: { allowed: false, why: 'deny' },
    reasons: [
      'local:alice has policy shop-read',
      'policy shop-read, rule 3: deny everything on shop/prod/root',
    ],
  })
})

test('without a deciding rule, near misses are named', () => {
  const { decision, reasons: lines } = reasons(grants(['shop-read'], []), {
    at: MONDAY + 12 * 3_600_000,
    labels: ['previous'],
  })
  expect(decision.why).toBe('no matching rule')
  expect(lines.slice(0, 2)).toEqual([
    'local:alice has policies shop-read',
    'no rule allows read on shop/prod/a',
  ])
  expect(lines[2]).toMatch(
    /^not by policy shop-read, rule 2: .*: its conditions on time and label do not hold$/,
  )
})

test('who may not deliver learns what the rules lack', () => {
  const sender: Policy = {
    name: 'sender',
    rules: [
      { effect: 'allow', actions: ['*'], paths: ['**'] },
      {
        effect: 'allow',
        actions: ['deliver'],
        paths: ['shop/**'],
        conditions: { destinations: ['vercel:a/*'] },
      },
    ],
  }
  policies.set('sender', sender)
  const to = (destination: string) =>
    reasons(grants(['sender'], []), { action: 'deliver', destination }).reasons
  expect(to('vercel:b/production')).toEqual([
    'local:alice has policies sender',
    'no rule allows deliver on shop/prod/a to vercel:b/production',
    'not by policy sender, rule 1: allow everything on **: it names no destinations',
    'not by policy sender, rule 2: allow deliver on shop/** when destination is vercel:a/*: its conditions on destination do not hold',
  ])
  expect(to('vercel:a/production').at(-1)).toBe(
    'policy sender, rule 2: allow deliver on shop/** when destination is vercel:a/*',
  )
})

test('a pattern that hides a broader one is named as the reason', () => {
  const narrow: Policy = {
    name: 'narrow',
    combine: 'mostSpecific',
    rules: [
      { effect: 'allow', actions: ['read'], paths: ['shop/**'] },
      { effect: 'allow', actions: ['list'], paths: ['shop/prod/a'] },
    ],
  }
  policies.set('narrow', narrow)
  expect(reasons(grants(['narrow'], []), {}).reasons).toContain(
    'not by policy narrow, rule 1: allow read on shop/**: a more specific pattern decides',
  )
})

test('an actor that nobody named has nothing', () => {
  expect(reasons(undefined, {})).toEqual({
    decision: { allowed: false, why: 'no matching rule' },
    reasons: ['local:alice is not a known actor'],
  })
  expect(reasons(grants([], []), {}).reasons[0]).toBe('local:alice has no policies')
})

test('a policy comes once however often it is given; unknown names give nothing', () => {
  expect(grants(['shop-read', 'nowhere'], ['ops', 'nobody'])).toEqual([
    { policy: reader, direct: true, roles: ['ops'] },
  ])
})

test('a stored policy cannot stand in for a built-in', () => {
  policies.set('none', { ...reader, name: 'none' })
  expect(grants(['none'], [])[0]?.policy.rules).toEqual([])
})
