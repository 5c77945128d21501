import * as fc from 'fast-check'
import { expect, it, test } from 'vitest'
import { referenceCapabilities } from '../../../testing/reference-vault-acl.ts'
import { compileAcl } from './acl.ts'
import { parseVaultPolicy } from './parse.ts'

const acl = (...texts: string[]) =>
  compileAcl(texts.map((text, i) => ({ policy: `p${i}`, rules: parseVaultPolicy(text) })))

const path = (name: string, ...capabilities: string[]): string =>
  `path ${JSON.stringify(name)} { capabilities = ${JSON.stringify(capabilities)} }\n`

const at = (text: string, address: string): string[] =>
  [...(acl(text).find(address)?.capabilities ?? ['-'])].toSorted()

/** Of the documentation's page "Policies", with what it says of each. */
test.each([
  ['secret/foo', 'secret/foo', ['read']],
  ['secret/foo', 'secret/foo/bar', ['-']],
  ['secret/bar/*', 'secret/bar/zip', ['read']],
  ['secret/bar/*', 'secret/bar/zip/zap', ['read']],
  ['secret/bar/*', 'secret/bars/zip', ['-']],
  ['secret/bar/*', 'secret/bar', ['-']],
  ['secret/zip-*', 'secret/zip-zap', ['read']],
  ['secret/zip-*', 'secret/zip-zap/zong', ['read']],
  ['secret/zip-*', 'secret/zip/zap', ['-']],
  ['secret/+/teamb', 'secret/foo/teamb', ['read']],
  ['secret/+/teamb', 'secret/foo/bar/teamb', ['-']],
  ['secret/+/+/teamb', 'secret/bar/foo/teamb', ['read']],
  ['secret/+/+/teamb', 'secret/foo/teamb', ['-']],
  ['secret/+/tea*', 'secret/x/team/y', ['read']],
  ['+', 'secret', ['-']],
  ['a*b', 'axb', ['-']],
  ['a*b', 'a*b', ['read']],
  ['*', 'anything/at/all', ['read']],
])('%s at %s gives %j', (rule, address, capabilities) => {
  expect(at(path(rule, 'read'), address)).toEqual(capabilities)
})

test.each([
  ['an exact path beats every wildcard', ['a/b', 'a/*', '+/b'], 'a/b', 'a/b'],
  ['the later first wildcard wins', ['secret/*', '+/data/x'], 'secret/data/x', 'secret/*'],
  ['a glob loses to a segment there', ['a/+/c', 'a/*'], 'a/b/c', 'a/+/c'],
  ['fewer segments win', ['a/+/+/d', 'a/+/c/d'], 'a/b/c/d', 'a/+/c/d'],
  ['the longer wins', ['a/+/c*', 'a/+/cd*'], 'a/b/cde', 'a/+/cd*'],
  ['the greater text wins', ['a/+/b/+', 'a/+/+/c'], 'a/x/b/c', 'a/+/b/+'],
])('%s', (_law, rules, address, winner) => {
  for (const order of [rules, rules.toReversed()]) {
    expect(acl(...order.map((rule) => path(rule, 'read'))).find(address)?.path).toBe(winner)
  }
})

it('joins what several policies say of one path, and a denial there is all that counts', () => {
  const both = acl(path('a/*', 'read'), path('a/*', 'list', 'update'))
  expect([...(both.find('a/b')?.capabilities ?? [])]).toEqual(['read', 'list', 'update'])
  const denied = acl(path('a/*', 'read'), path('a/*', 'deny', 'update'), path('*', 'read'))
  expect(denied.find('a/b')).toMatchObject({ denies: true, capabilities: new Set() })
  expect(denied.find('b')?.denies).toBe(false)
})

it('finds a rule for a list with and without the final slash', () => {
  const rules = acl(path('a/b', 'list'), path('c/', 'list'), path('d/+', 'list'))
  for (const address of ['a/b/', 'c/', 'd/x/']) {
    expect(rules.findForList(address)?.capabilities).toEqual(new Set(['list']))
  }
  expect(rules.find('a/b/')).toBeUndefined()
  expect(rules.findForList('c')).toBeUndefined()
})

it('asks for a list without the slash first, as Vault does: a broader rule decides it then', () => {
  const rules = acl(path('s/*', 'list'), path('s/m/q/*', 'deny'), path('s/m/r', 'deny'))
  expect(rules.findForList('s/m/q/')).toMatchObject({ path: 's/*', denies: false })
  expect(rules.findForList('s/m/q/x/')?.denies).toBe(true)
  expect(rules.findForList('s/m/r/')?.denies).toBe(true)
})

it('gives nothing where wrapped answers are wanted', () => {
  expect(at('path "a" { capabilities = ["read"]\n min_wrapping_ttl = "1s" }', 'a')).toEqual([])
})

test('10 000 decisions are those of the reference', () => {
  const part = fc.constantFrom('a', 'b', 'ab', '+', 'c')
  const rule = fc.record({
    path: fc
      .tuple(fc.array(part, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '*', '/*', '/'))
      .map(([parts, end]) => parts.join('/') + end)
      .filter((text) => !text.includes('+*')),
    capabilities: fc.subarray(['read', 'list', 'update', 'deny'], { minLength: 1 }),
  })
  const address = fc
    .tuple(
      fc.array(fc.constantFrom('a', 'b', 'ab', 'c', 'abc'), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('', '/'),
    )
    .map(([parts, end]) => parts.join('/') + end)
  let matched = 0
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), address, (rules, asked) => {
      const text = rules.map((one) => path(one.path, ...one.capabilities)).join('')
      const found = acl(text).find(asked)
      const expected = referenceCapabilities(rules, asked)
      if (expected !== undefined) matched++
      expect(found && [...found.capabilities].toSorted()).toEqual(expected)
    }),
    { numRuns: 10_000, seed: 20_261_122 },
  )
  expect(matched).toBeGreaterThan(2_000)
})
