import { describe, expect, test } from 'vitest'
import { LIMITS } from '../limits.ts'
import { compileAccess } from './decide.ts'
import { parsePolicy } from './validate.ts'

const rule = { effect: 'allow', actions: ['read'], paths: ['a/**'] }
const withRule = (change: object): unknown => ({ name: 'p', rules: [{ ...rule, ...change }] })
const deliver = (destinations: unknown): unknown =>
  withRule({ actions: ['deliver'], conditions: { destinations } })
const withConditions = (conditions: unknown): unknown => withRule({ conditions })

test('a whole policy comes back as it was written, with canonical patterns', () => {
  const policy = {
    name: 'shop.read_2-x',
    description: 'Reads',
    combine: 'mostSpecific',
    rules: [
      {
        effect: 'deny',
        actions: ['read', '*'],
        paths: ['/a/*', 'policy:ci'],
        conditions: {
          notBefore: '2026-01-01T00:00:00Z',
          notAfter: 1_800_000_000_000,
          timeOfDay: '22:00-06:00',
          weekdays: [1, 7],
          labels: ['current'],
        },
      },
    ],
  }
  const parsed = parsePolicy(policy)
  expect(parsed).toEqual({
    ...policy,
    rules: [{ ...policy.rules[0], paths: ['a/*', 'policy:ci'] }],
  })
  expect(parsePolicy(parsed)).toEqual(parsed)
  expect(() => compileAccess({ policies: [parsed] })).not.toThrow()
})

describe('refused, saying where', () => {
  test.each<[unknown, RegExp]>([
    [null, /^The policy: expected an object/],
    [[], /^The policy: expected an object/],
    [{}, /^name: /],
    [{ name: 'p' }, /^rules: expected a list/],
    [{ name: 'p', rules: {} }, /^rules: expected a list/],
    [{ name: 'p', rules: [null] }, /^rules\[0\]: expected an object/],
    [{ name: 'p', rules: [], extra: 1 }, /^The policy: unknown key "extra"/],
    [{ name: 'p', rules: [], combine: 'allowWins' }, /^combine: expected one of denyWins/],
    [{ name: 'p', rules: [], description: 5 }, /^description: /],
    [withRule({ effect: 'Allow' }), /^rules\[0\]\.effect: /],
    [withRule({ actions: [] }), /^rules\[0\]\.actions: expected at least 1/],
    [withRule({ actions: ['sudo'] }), /^rules\[0\]\.actions\[0\]: /],
    [withRule({ actions: 'read' }), /^rules\[0\]\.actions: expected a list/],
    [withRule({ paths: [] }), /^rules\[0\]\.paths: expected at least 1/],
    [withRule({ paths: ['a', 'a//b'] }), /^rules\[0\]\.paths\[1\]: .*empty segment/],
    [withRule({ paths: [7] }), /^rules\[0\]\.paths\[0\]: A pattern is a string/],
    [withRule({ path: ['a'] }), /^rules\[0\]: unknown key "path"/],
    [withConditions({}), /^rules\[0\]\.conditions: give at least one/],
    [withConditions({ ip: '10.0.0.1' }), /^rules\[0\]\.conditions: unknown key "ip"/],
    [withConditions({ notBefore: '2026-01-01' }), /conditions\.notBefore: An instant/],
    [withConditions({ notBefore: '2026-01-01T10:00:00' }), /conditions\.notBefore: An instant/],
    [withConditions({ notBefore: '2026-02-30T10:00:00Z' }), /conditions\.notBefore: An instant/],
    [withConditions({ notBefore: '2026-13-01T10:00:00Z' }), /conditions\.notBefore: An instant/],
    [withConditions({ notAfter: 1.5 }), /conditions\.notAfter: An instant/],
    [withConditions({ notAfter: Number.NaN }), /conditions\.notAfter: An instant/],
    [withConditions({ notAfter: true }), /conditions\.notAfter: An instant/],
    [withConditions({ notBefore: 2, notAfter: 1 }), /never hold/],
    [withConditions({ timeOfDay: '9:00-17:00' }), /conditions\.timeOfDay: /],
    [withConditions({ timeOfDay: '09:00-24:00' }), /conditions\.timeOfDay: /],
    [withConditions({ timeOfDay: '09:00-09:00' }), /two different times/],
    [withConditions({ weekdays: [0] }), /conditions\.weekdays\[0\]: /],
    [withConditions({ weekdays: [] }), /conditions\.weekdays: /],
    [withConditions({ destinations: ['vercel:a'] }), /^rules\[0\]\.actions: destinations are of/],
    [deliver([]), /conditions\.destinations: expected at least 1/],
    [deliver(['vercel/a']), /destinations\[0\]: a destination is written KIND:PLACE/],
    [deliver(['policy:a']), /destinations\[0\]: a destination is written KIND:PLACE/],
    [deliver(['vercel:**']), /destinations\[0\]: every place of a kind is KIND:/],
    [deliver(['vercel:a//b']), /destinations\[0\]: The pattern has an empty segment/],
    [withConditions({ labels: ['1st'] }), /conditions\.labels\[0\]: A label begins/],
  ])('%j', (input, message) => {
    expect(() => parsePolicy(input)).toThrow(
      expect.objectContaining({ code: 'invalid_policy', message: expect.stringMatching(message) }),
    )
  })
})

test.each([
  'Admin',
  'ADMIN',
  'аdmin',
  'admin ',
  ' admin',
  '-a',
  '',
  'a/b',
  'a:b',
  'a'.repeat(65),
  'ﬁ',
])('the name %j is refused', (name) =>
  expect(() => parsePolicy({ name, rules: [] })).toThrow(/^name: /),
)

test.each(['admin', 'auditor', 'none'])('the built-in %s cannot be written', (name) => {
  expect(() => parsePolicy({ name, rules: [] })).toThrow(/built in/)
})

test('a name may have 64 characters', () => {
  expect(parsePolicy({ name: 'a'.repeat(64), rules: [] }).name).toHaveLength(64)
})

test('the rules are counted: at the limit, and one more', () => {
  const rules = (count: number) => ({ name: 'p', rules: Array.from({ length: count }, () => rule) })
  expect(parsePolicy(rules(LIMITS.policyRulesMax)).rules).toHaveLength(LIMITS.policyRulesMax)
  expect(() => parsePolicy(rules(LIMITS.policyRulesMax + 1))).toThrow(/^rules: at most 200/)
})

test('the bytes are counted: at the limit, and one more', () => {
  const paths = Array.from({ length: 150 }, (_, i) => `${i}/${'x'.repeat(430)}`)
  const sized = (length: number) => ({
    name: 'p',
    rules: [{ ...rule, paths: [...paths, 'y'.repeat(length)] }],
  })
  const spare = LIMITS.policyBytesMax - JSON.stringify(sized(0)).length
  expect(spare).toBeGreaterThan(0)
  expect(spare).toBeLessThan(500)
  expect(parsePolicy(sized(spare)).name).toBe('p')
  expect(() => parsePolicy(sized(spare + 1))).toThrow(/at most 65536 bytes/)
})

test('prototypes are neither read nor written', () => {
  const poisoned: unknown = JSON.parse(
    '{"name":"p","rules":[],"__proto__":{"combine":"mostSpecific"}}',
  )
  expect(() => parsePolicy(poisoned)).toThrow(/unknown key "__proto__"/)
  expect(() => parsePolicy(Object.create({ name: 'p', rules: [] }))).toThrow(/^name: /)
  expect(() => parsePolicy(withConditions(JSON.parse('{"__proto__":{}}')))).toThrow(/unknown key/)
})

test('what comes back shares nothing with what was given', () => {
  const given = { name: 'p', rules: [{ effect: 'allow', actions: ['read'], paths: ['a'] }] }
  const parsed = parsePolicy(given)
  given.rules[0]?.paths.push('**')
  given.rules[0]?.actions.push('*')
  expect(parsed.rules[0]).toEqual(rule.effect === 'allow' ? { ...rule, paths: ['a'] } : undefined)
})
