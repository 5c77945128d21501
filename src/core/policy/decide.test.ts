import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { referenceDecide } from '../../testing/reference-policy.ts'
import { BUILTIN_POLICIES } from './builtin.ts'
import { compileAccess, decide } from './decide.ts'
import type { Question } from './decide.ts'
import { ACTIONS } from './policy.ts'
import type { Combining, Conditions, Policy, Rule } from './policy.ts'

const NOON = Date.UTC(2026, 0, 7, 12)

const rule = (effect: Rule['effect'], paths: string, more: Partial<Rule> = {}): Rule => ({
  effect,
  actions: ['read'],
  paths: paths.split(' '),
  ...more,
})
const policy = (name: string, rules: Rule[], combine?: Combining): Policy => ({
  name,
  rules,
  ...(combine === undefined ? {} : { combine }),
})
const ask = (policies: Policy[], path: string, more: Partial<Question> = {}) =>
  decide(compileAccess({ policies }), { action: 'read', path, at: NOON, ...more })
const specific = (...rules: Rule[]): Policy => policy('vault', rules, 'mostSpecific')
const native = (...rules: Rule[]): Policy => policy('ours', rules)

test('without a matching rule everything is denied', () => {
  expect(ask([], 'a')).toEqual({ allowed: false, why: 'no matching rule' })
  expect(ask([native(rule('allow', 'a'))], 'b').allowed).toBe(false)
  expect(ask([native(rule('allow', 'a'))], 'a', { action: 'write' }).allowed).toBe(false)
})

test('a matching deny wins in any order, also over a more specific allow', () => {
  const rules = [rule('allow', 'a/b'), rule('deny', 'a/**'), rule('allow', 'a/b/c')]
  for (const path of ['a/b', 'a/b/c']) {
    expect(ask([native(...rules)], path)).toEqual({
      allowed: false,
      why: 'deny',
      rule: { policy: 'ours', index: 1, effect: 'deny' },
    })
  }
})

test('among mostSpecific policies the most specific pattern decides alone', () => {
  const set = [specific(rule('allow', 'a/**'), rule('deny', 'a/x/**'), rule('allow', 'a/x/y'))]
  expect(ask(set, 'a/b').allowed).toBe(true)
  expect(ask(set, 'a/x/z')).toMatchObject({ allowed: false, why: 'deny', rule: { index: 1 } })
  expect(ask(set, 'a/x/y').allowed).toBe(true)
})

test('the most specific pattern hides what broader ones allow', () => {
  const set = [specific(rule('allow', 'a/**', { actions: ['*'] }), rule('allow', 'a/b'))]
  expect(ask(set, 'a/b').allowed).toBe(true)
  expect(ask(set, 'a/b', { action: 'write' })).toEqual({ allowed: false, why: 'no matching rule' })
})

test('rules on the same pattern join over policies, and deny wins among them', () => {
  const one = policy('one', [rule('allow', 'a/*')], 'mostSpecific')
  const two = policy('two', [rule('allow', 'a/*', { actions: ['write'] })], 'mostSpecific')
  const no = policy('no', [rule('deny', 'a/*', { actions: ['write'] })], 'mostSpecific')
  expect(ask([one, two], 'a/b', { action: 'write' }).allowed).toBe(true)
  expect(ask([one, two], 'a/b').allowed).toBe(true)
  expect(ask([one, two, no], 'a/b', { action: 'write' }).allowed).toBe(false)
  expect(ask([one, two, no], 'a/b').allowed).toBe(true)
})

test('a native deny beats a mostSpecific allow; a mostSpecific deny stays within its set', () => {
  expect(ask([specific(rule('allow', 'a/b')), native(rule('deny', 'a/**'))], 'a/b').allowed).toBe(
    false,
  )
  expect(ask([specific(rule('deny', 'a/b')), native(rule('allow', 'a/**'))], 'a/b').allowed).toBe(
    true,
  )
})

test("a labels condition needs one of the version's labels, for allow and for deny", () => {
  const labelled = (effect: Rule['effect'], labels: string[]) =>
    rule(effect, '**', { conditions: { labels } })
  const access = [native(labelled('allow', ['current', 'beta']), labelled('deny', ['previous']))]
  expect(ask(access, 'a', { labels: ['x', 'current'] }).allowed).toBe(true)
  expect(ask(access, 'a', { labels: ['current', 'previous'] })).toMatchObject({ why: 'deny' })
  for (const labels of [undefined, [], ['x']]) {
    expect(ask(access, 'a', { labels }).why).toBe('no matching rule')
  }
})

test('nothing is delivered where no rule names it, whatever else is allowed', () => {
  const question = { action: 'deliver', destination: 'vercel:prj_1/production' } as const
  const sends = (policies: Policy[], more: Partial<Question> = {}): boolean =>
    ask(policies, 'a/b', { ...question, ...more }).allowed
  const to = (...destinations: string[]): Partial<Rule> => ({
    actions: ['deliver'],
    conditions: { destinations },
  })
  const everything = rule('allow', '**', { actions: ['*'] })
  for (const make of [native, specific]) {
    expect(sends([make(everything)])).toBe(false)
    expect(sends([make(rule('allow', 'a/**', { actions: ['deliver'] }))])).toBe(false)
    const policies = [make(rule('allow', 'a/**', to('vercel:prj_1/*')))]
    expect(sends(policies)).toBe(true)
    for (const destination of ['vercel:prj_2/production', 'vercel:prj_1', 'x', undefined]) {
      expect(sends(policies, { destination })).toBe(false)
    }
    expect(sends([make(rule('allow', 'other/**', to('**')))])).toBe(false)
  }
  const both = [native(everything, rule('allow', '**', to('vercel:*/**')))]
  expect(sends(both)).toBe(true)
  const denials = [
    rule('deny', 'a/**', { actions: ['deliver'] }),
    rule('deny', 'a/**', { actions: ['*'] }),
    rule('deny', 'a/**', to('vercel:*/production')),
  ]
  for (const denial of denials) expect(sends([...both, native(denial)])).toBe(false)
  expect(sends([...both, native(rule('deny', 'a/**', to('github:*/**')))])).toBe(true)
})

test('a rule that names destinations speaks of nothing but delivering', () => {
  const conditions = { destinations: ['**'] }
  const access = [native(rule('allow', '**', { actions: ['*'], conditions }))]
  for (const action of ACTIONS) {
    for (const destination of [undefined, 'vercel:a']) {
      const may = ask(access, 'a', { action, destination }).allowed
      expect(may).toBe(action === 'deliver' && destination !== undefined)
    }
  }
  const denial = rule('deny', '**', { actions: ['*'], conditions })
  const reads = [native(rule('allow', '**'), denial)]
  expect(ask(reads, 'a', { destination: 'vercel:a' }).allowed).toBe(true)
})

test('a rule whose conditions do not hold is as if it were absent', () => {
  const night = { timeOfDay: '22:00-06:00' }
  const access = [native(rule('allow', '**'), rule('deny', '**', { conditions: night }))]
  expect(ask(access, 'a').allowed).toBe(true)
  expect(ask(access, 'a', { at: NOON + 10 * 3_600_000 }).allowed).toBe(false)
  const set = [specific(rule('allow', 'a/**'), rule('deny', 'a/b', { conditions: night }))]
  expect(ask(set, 'a/b').allowed).toBe(true)
})

test('an unknown action matches no rule, not even *', () => {
  for (const action of ['', '*', 'READ', '__proto__', 'constructor', 'sudo']) {
    expect(
      ask([BUILTIN_POLICIES.get('admin') as Policy], 'a', { action: action as never }).allowed,
    ).toBe(false)
  }
})

test('the built-ins give exactly what they say', () => {
  const things = ['shop/prod/a', 'policy:x', 'role:x', 'actor:local:a', 'audit:log', 'store:keys']
  const may = (name: string) =>
    things.flatMap((path) =>
      ACTIONS.filter(
        (action) => ask([BUILTIN_POLICIES.get(name) as Policy], path, { action }).allowed,
      ).map((action) => `${action} ${path}`),
    )
  expect(may('admin')).toHaveLength(things.length * (ACTIONS.length - 1))
  expect(may('admin').filter((one) => one.startsWith('deliver '))).toEqual([])
  expect(may('auditor')).toEqual(['audit audit:log'])
  expect(may('none')).toEqual([])
})

test('everything on ** does not administer the platform', () => {
  const access = [native(rule('allow', '**', { actions: ['*'] }))]
  for (const path of ['policy:admin', 'actor:local:me', 'role:ops', 'audit:log', 'store:keys']) {
    expect(ask(access, path, { action: 'admin' }).allowed).toBe(false)
  }
})

const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'a', 'b', 'ab') },
  { weight: 1, arbitrary: fc.constantFrom('A', 'é', 'а', '..', '', '%2f', '*', '${x}') },
)
const path = fc
  .tuple(
    fc.constantFrom('', '', '', '', '', '', 'policy:', 'Policy:'),
    fc.array(segment, { minLength: 1, maxLength: 4 }),
  )
  .map(([kind, segments]) => kind + segments.join('/'))
const pattern = fc
  .tuple(
    fc.constantFrom('', '', '', '', '', 'policy:'),
    fc.array(fc.constantFrom('a', 'a', 'b', '*', '**', '**', '**', 'a*', '*b', 'é'), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([kind, segments]) => kind + segments.join('/'))
const action = fc.constantFrom('read', 'list', 'read', 'write', 'deliver') as fc.Arbitrary<'read'>
const destination = fc.constantFrom('vercel:a/b', 'vercel:a', 'github:a/b', 'policy:a', undefined)
const instant = fc.integer({ min: -1, max: 9 }).map((step) => NOON + step * 7 * 3_600_000)
const labels = fc.subarray(['current', 'previous', 'beta'])
const conditions = fc.record(
  {
    notBefore: instant.map((at) => new Date(at).toISOString()),
    notAfter: instant,
    timeOfDay: fc.constantFrom('08:00-17:00', '22:00-06:00', '12:00-12:01', '13:00-12:00'),
    weekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    labels: fc.subarray(['current', 'previous'], { minLength: 1 }),
    destinations: fc.subarray(['vercel:a/*', 'vercel:*/**', '**', 'github:a/b', 'policy:*'], {
      minLength: 1,
    }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Conditions>
const anyRule = fc.record(
  {
    effect: fc.constantFrom('allow', 'allow', 'deny'),
    actions: fc.array(fc.oneof(action, fc.constant('*')), { minLength: 1, maxLength: 2 }),
    paths: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    conditions: fc.option(conditions, { nil: undefined }),
  },
  { requiredKeys: ['effect', 'actions', 'paths'] },
) as fc.Arbitrary<Rule>
const policies = fc
  .array(
    fc.tuple(
      fc.constantFrom<Combining>('denyWins', 'mostSpecific'),
      fc.array(anyRule, { minLength: 1, maxLength: 5, size: 'max' }),
    ),
    { minLength: 1, maxLength: 3, size: 'max' },
  )
  .map((drafts) => drafts.map(([combine, rules], i) => policy(`p${i}`, rules, combine)))
const question = fc.record({
  action,
  path,
  at: instant,
  labels,
  destination,
}) as fc.Arbitrary<Question>

test('16 000 decisions, their rules included, are those of the reference', () => {
  const seen = { allow: 0, deny: 0, 'no matching rule': 0 }
  fc.assert(
    fc.property(policies, fc.array(question, { minLength: 8, maxLength: 8 }), (set, questions) => {
      const access = compileAccess({ policies: set })
      for (const one of questions) {
        const decision = decide(access, one)
        expect(decision).toEqual(referenceDecide(set, one))
        seen[decision.why]++
      }
    }),
    { seed: 5, numRuns: 2_000 },
  )
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(800)
})

test('a decision takes about a microsecond', () => {
  const access = compileAccess({
    policies: [
      native(
        rule('allow', 'shop/prod/api/**'),
        rule('deny', 'shop/prod/api/root-*'),
        rule('allow', 'shop/*/web/**'),
      ),
    ],
  })
  const one: Question = {
    action: 'read',
    path: 'shop/prod/api/stripe-key',
    at: NOON,
    labels: ['current'],
  }
  let allowed = 0
  const started = performance.now()
  for (let i = 0; i < 100_000; i++) if (decide(access, one).allowed) allowed++
  expect(allowed).toBe(100_000)
  expect(((performance.now() - started) * 1_000) / 100_000).toBeLessThan(10)
})
