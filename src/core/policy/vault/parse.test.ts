import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { isCofferError } from '../../errors.ts'
import { LIMITS } from '../../limits.ts'
import { parseVaultPolicy } from './parse.ts'

const rules = (text: string) =>
  parseVaultPolicy(text).map(({ path, capabilities }) => [
    path,
    capabilities === 'deny' ? 'deny' : [...capabilities],
  ])

it('reads HCL with all of its comments', () => {
  const text = `
    # one
    // two
    /* three
       lines */
    name = "ignored"
    path "secret/data/*" { capabilities = ["create", "read",] }
    path "/sys/x" {
      comment      = "why"
      capabilities = [ "list" ] # here too
    }`
  expect(rules(text)).toEqual([
    ['secret/data/*', ['create', 'read']],
    ['sys/x', ['list']],
  ])
})

it('reads the same in JSON, with and without lists around', () => {
  const body = { capabilities: ['read'] }
  for (const path of [{ 'a/*': body, b: body }, [{ 'a/*': body }, { b: [body] }]]) {
    expect(rules(JSON.stringify({ path }, null, 2))).toEqual([
      ['a/*', ['read']],
      ['b', ['read']],
    ])
  }
})

test.each([
  ['deny', 'deny'],
  ['read', ['read', 'list']],
  ['write', ['create', 'read', 'update', 'delete', 'list']],
  ['sudo', ['create', 'read', 'update', 'delete', 'list', 'sudo']],
])('policy = "%s" stands for %j', (word, capabilities) => {
  expect(rules(`path "a" { policy = "${word}" }`)).toEqual([['a', capabilities]])
})

it('reads conditions on parameters', () => {
  const [rule] = parseVaultPolicy(`path "a" {
    capabilities = ["update"]
    required_parameters = ["Foo"]
    allowed_parameters = { "Bar" = ["x*", 2, true], "*" = [] }
    denied_parameters = { baz = [] }
  }`)
  expect(rule?.parameters).toEqual({
    required: ['foo'],
    allowed: new Map([
      ['bar', ['x*', 2, true]],
      ['*', []],
    ]),
    denied: new Map([['baz', []]]),
  })
})

it('reads escapes, and takes templates and interpolation for text', () => {
  const text = String.raw`path "a\tA\"b\\" { capabilities = ["read"] } path "x/{{identity.entity.id}}/\${y}" { policy = "deny" }`
  expect(() => rules(text)).toThrow(/line 1: unknown escape/)
  expect(rules(String.raw`path "a\u0041\"b\\/{{id}}/${'${y}'}" { policy = "deny" }`)).toEqual([
    ['aA"b\\/{{id}}/${y}', 'deny'],
  ])
})

it('takes a path that says nothing for one that gives nothing', () => {
  expect(rules('path "a" {}')).toEqual([['a', []]])
})

describe('refused, saying where', () => {
  test.each([
    ['path "a" { capabilities = ["raed"] }', /line 1: path "a": invalid capability "raed"/],
    ['\n\npath "a" { capabilties = ["read"] }', /line 3: path "a": unknown key "capabilties"/],
    ['path "a" { policy = "all" }', /line 1: path "a": invalid policy/],
    ['paht "a" { policy = "deny" }', /line 1: unknown key "paht"/],
    ['path "a+*" { policy = "deny" }', /line 1: "\+\*" is not allowed/],
    ['path "a" { capabilities = ["read" ', /line 1: expected "]", found the end/],
    ['path "a" { capabilities = "read" }', /expected a list/],
    ['path "a" { capabilities = [read] }', /double quotes/],
    ['path "a', /not closed/],
    ['path "a\n" {}', /not closed/],
    ['path a { policy = "deny" }', /expected "=" or "{", found a word/],
    ['path = "a"', /expected "{"/],
    ['{"path": {"a": {"policy": "deny"}}} x', /expected the end, found a word/],
    ['<<EOF\nEOF', /unexpected "<"/],
    ['}', /expected a name/],
    [`a = ${'['.repeat(LIMITS.documentDepthMax + 1)}`, /nested too deeply/],
    [`path "a" ${'{ x '.repeat(100)}`, /nested too deeply|expected/],
  ])('%j', (text, why) => {
    expect(() => parseVaultPolicy(text)).toThrow(why)
    try {
      parseVaultPolicy(text)
    } catch (error) {
      expect(isCofferError(error, 'invalid_policy')).toBe(true)
    }
  })
})

it('holds its limits, and one past them does not pass', () => {
  const paths = (count: number) =>
    Array.from({ length: count }, (_, i) => `path "a${i}" { policy = "read" }`).join('\n')
  expect(rules(paths(LIMITS.policyRulesMax))).toHaveLength(LIMITS.policyRulesMax)
  expect(() => rules(paths(LIMITS.policyRulesMax + 1))).toThrow(/at most 200 paths/)
  const comment = (bytes: number) => `#${'x'.repeat(bytes - 1)}`
  expect(rules(comment(LIMITS.policyBytesMax))).toEqual([])
  expect(() => rules(comment(LIMITS.policyBytesMax + 1))).toThrow(/at most 65536 bytes/)
})

test('whatever the text, it is understood or refused as a policy', () => {
  const pieces =
    'path "a" { } [ ] = : , "read" # /* */ 1 \\ capabilities policy "deny" " é ${'.split(' ')
  const piece = fc.constantFrom('\n', '\0', ...pieces)
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, spaced) => {
      try {
        parseVaultPolicy(pieces.join(spaced ? ' ' : ''))
      } catch (error) {
        expect(isCofferError(error, 'invalid_policy')).toBe(true)
      }
    }),
    { numRuns: 3_000, seed: 7 },
  )
})
