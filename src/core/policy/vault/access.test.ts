import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { referenceCapabilities } from '../../../testing/reference-vault-acl.ts'
import type { Question } from '../decide.ts'
import { compileAccess, decide } from '../decide.ts'
import { ACTIONS } from '../policy.ts'
import type { Action, Policy } from '../policy.ts'
import { listRanges } from '../ranges.ts'
import { parsePolicy } from '../validate.ts'
import { compileVaultAccess, parametersFit } from './access.ts'
import type { SecretMount } from './mounts.ts'
import { secretMounts } from './mounts.ts'
import { parseVaultPolicy } from './parse.ts'
import { permissionsAt } from './permissions.ts'

const NOON = Date.UTC(2026, 0, 7, 12)
const MOUNTS = secretMounts([
  { name: 'vault/mount/kv', body: { backend: 'kv1', prefix: 'kv' } },
  { name: 'vault/mount/team/x', body: { backend: 'kv2', prefix: 'team/x' } },
])

const policy = (hcl: string, name = 'p'): Policy => parsePolicy({ name, hcl })
const access = (policies: Policy[], mounts: readonly SecretMount[] = MOUNTS) =>
  compileAccess({ policies, vault: compileVaultAccess(policies, mounts) })
const rule = (path: string, ...capabilities: string[]): string =>
  `path ${JSON.stringify(path)} { capabilities = ${JSON.stringify(capabilities)} }\n`
const ask = (hcl: string, action: Action, path: string, more: Partial<Question> = {}): boolean =>
  decide(access([policy(hcl)]), { action, path, at: NOON, ...more }).allowed

/** What one capability at one address is worth in every way in. */
test.each<[string, string, string, Action[]]>([
  ['secret/data/app/*', 'read', 'app/x', ['read']],
  ['secret/metadata/app/*', 'read', 'app/x', ['describe']],
  ['secret/metadata/app/*', 'list', 'app/x', ['list']],
  ['secret/data/app/*', 'create', 'app/x', ['write', 'rotate']],
  ['secret/data/app/*', 'update', 'app/x', ['write', 'label', 'rotate']],
  ['secret/data/app/*', 'patch', 'app/x', []],
  ['secret/metadata/app/*', 'update', 'app/x', ['update']],
  ['secret/metadata/app/*', 'delete', 'app/x', ['destroy']],
  ['secret/data/app/*', 'delete', 'app/x', ['delete']],
  ['secret/delete/app/*', 'update', 'app/x', ['delete']],
  ['secret/undelete/app/*', 'update', 'app/x', ['undelete']],
  ['secret/destroy/app/*', 'update', 'app/x', ['destroy']],
  ['kv/*', 'read', 'kv/x', ['read', 'describe']],
  ['kv/*', 'delete', 'kv/x', ['delete', 'destroy']],
  ['kv/*', 'list', 'kv/x', ['list']],
  ['team/x/data/*', 'read', 'team/x/y', ['read']],
  ['*', 'sudo', 'app/x', []],
])('%s with %s is worth on %s: %j', (path, capability, secret, actions) => {
  expect(ACTIONS.filter((action) => ask(rule(path, capability), action, secret))).toEqual(
    ACTIONS.filter((action) => actions.includes(action)),
  )
})

describe('nothing is widened', () => {
  test.each<[string, Action, string, boolean]>([
    [rule('secret/data/app*', 'read'), 'read', 'apple/x', true],
    [rule('secret/data/app/*', 'read'), 'read', 'app', false],
    [rule('secret/data/app/*', 'read'), 'read', 'apple/x', false],
    [rule('secret/data/+/db', 'read'), 'read', 'a/b/db', false],
    [rule('secret/data/+/db', 'read'), 'read', 'a/db', true],
    [rule('secret/app/*', 'read'), 'read', 'app/x', false],
    [rule('secrets/data/*', 'read'), 'read', 'app/x', false],
    [rule('secret/data/a*b', 'read'), 'read', 'axb', false],
    [rule('secret/*', 'read') + rule('+/data/x', 'deny'), 'read', 'x', true],
    [rule('secret/*', 'read') + rule('secret/data/x', 'deny'), 'read', 'x', false],
    [rule('secret/*', 'read', 'update') + rule('secret/data/x', 'read'), 'write', 'x', false],
    [rule('secret/data/*', 'read') + rule('kv/*', 'deny'), 'read', 'kv/x', false],
  ])('%s', (hcl, action, path, allowed) => {
    expect(ask(hcl, action, path)).toBe(allowed)
  })

  it('no action on what is no secret', () => {
    for (const path of ['policy:x', 'token:create', 'store:vault', 'audit:log']) {
      for (const action of ACTIONS) expect(ask(rule('*', 'read', 'sudo'), action, path)).toBe(false)
    }
  })
})

test('making something is told from changing it', () => {
  const [makes, changes] = [rule('secret/data/*', 'create'), rule('secret/data/*', 'update')]
  expect(ask(makes, 'write', 'x', { manner: { exists: false } })).toBe(true)
  expect(ask(makes, 'write', 'x', { manner: { exists: true } })).toBe(false)
  expect(ask(changes, 'write', 'x', { manner: { exists: true } })).toBe(true)
  expect(ask(changes, 'write', 'x', { manner: { exists: false } })).toBe(false)
  const patches = { manner: { exists: true, patches: true } }
  expect(ask(rule('secret/data/*', 'patch'), 'write', 'x', patches)).toBe(true)
  expect(
    ask(rule('secret/metadata/*', 'create'), 'update', 'x', { manner: { exists: true } }),
  ).toBe(false)
})

test('an ordinary deny wins, and either kind of policy may allow', () => {
  const ours = (effect: 'allow' | 'deny', paths: string): Policy => ({
    name: 'ours',
    rules: [{ effect, actions: ['read'], paths: [paths] }],
  })
  const theirs = policy(rule('secret/data/app/*', 'read'))
  const may = (path: string, ...policies: Policy[]) =>
    decide(access(policies), { action: 'read', path, at: NOON }).allowed
  expect(may('app/x', theirs, ours('deny', '**'))).toBe(false)
  expect(may('other/x', theirs, ours('allow', 'other/**'))).toBe(true)
  expect(may('app/x', theirs, ours('allow', 'other/**'))).toBe(true)
})

test('rules with conditions on parameters change no secret', () => {
  const hcl = `path "secret/data/*" { capabilities = ["read", "update"]
    allowed_parameters = { "data" = [] } }`
  expect(ask(hcl, 'read', 'x')).toBe(true)
  expect(ask(hcl, 'write', 'x')).toBe(false)
})

test.each([
  ['denied_parameters = { "version" = [] }', [true, false]],
  ['denied_parameters = { "version" = ["7"] }', [true, false]],
  ['denied_parameters = { "*" = [] }', [true, false]],
  ['denied_parameters = { "data" = [] }', [true, true]],
  ['allowed_parameters = { "data" = [] }', [true, false]],
  ['allowed_parameters = { "version" = [1] }', [true, false]],
  ['allowed_parameters = { "version" = [1], "*" = [] }', [true, false]],
  ['allowed_parameters = { "*" = [] }', [true, true]],
  ['allowed_parameters = { "version" = [] }', [true, true]],
  ['required_parameters = ["version"]', [false, false]],
])('%s: whether current, and whether another version can be read', (condition, wanted) => {
  const rules = policy(`path "secret/data/*" { capabilities = ["read"]\n ${condition} }`)
  const may = (labels: string[]) =>
    decide(access([rules]), { action: 'read', path: 'x', at: NOON, labels }).allowed
  expect([may(['current', 'blue']), may(['previous'])]).toEqual(wanted)
  expect(may([])).toBe(wanted[1])
})

test.each<[string, string, object, boolean]>([
  ['required_parameters = ["a"]', 'without', {}, false],
  ['required_parameters = ["a"]', 'with', { A: 1 }, true],
  ['allowed_parameters = { "a" = [] }', 'any value', { a: 'x' }, true],
  ['allowed_parameters = { "a" = [] }', 'another', { b: 'x' }, false],
  ['allowed_parameters = { "a" = ["x*", 1] }', 'glob', { a: 'xyz' }, true],
  ['allowed_parameters = { "a" = ["x*", 1] }', 'number', { a: 1 }, true],
  ['allowed_parameters = { "a" = ["x*", 1] }', 'other value', { a: 2 }, false],
  ['allowed_parameters = { "a" = ["x"], "*" = [] }', 'other name', { b: 2 }, true],
  ['denied_parameters = { "a" = ["x"] }', 'denied value', { a: 'x' }, false],
  ['denied_parameters = { "a" = ["x"] }', 'other value', { a: 'y' }, true],
  ['denied_parameters = { "*" = [] }', 'anything', { a: 'y' }, false],
  ['denied_parameters = { "*" = [] }', 'nothing', {}, true],
])('%s %s', (condition, _what, given, fits) => {
  const [only] = parseVaultPolicy(`path "a" { capabilities = ["update"]\n ${condition} }`)
  expect(
    parametersFit(only?.parameters ?? { allowed: undefined, denied: undefined, required: [] }, {
      ...given,
    }),
  ).toBe(fits)
})

test('capabilities at an address are those of both kinds of policies', () => {
  const ours: Policy = {
    name: 'ours',
    rules: [
      { effect: 'allow', actions: ['read', 'list'], paths: ['app/**'] },
      { effect: 'deny', actions: ['delete'], paths: ['**'] },
    ],
  }
  const theirs = policy(rule('secret/data/app/*', 'update', 'delete') + rule('sys/mounts', 'read'))
  const at = (address: string) =>
    [
      ...permissionsAt(access([ours, theirs]), MOUNTS, address, { at: NOON }, true).capabilities,
    ].toSorted()
  expect(at('secret/data/app/x')).toEqual(['read', 'update'])
  expect(at('secret/metadata/')).toEqual(['list', 'scan'])
  expect(at('sys/mounts')).toEqual(['read'])
  expect(at('sys/mounts/x')).toEqual([])
  expect(at('secret/data/other')).toEqual([])
})

test('2 000 decisions and listings over two mounts are what the reference says of their addresses', () => {
  const part = fc.constantFrom('a', 'b', '+')
  const start = fc.constantFrom('secret/data', 'secret/metadata', 'kv', '+/data', 'secret', '')
  const rules = fc.array(
    fc.record({
      path: fc
        .tuple(start, fc.array(part, { maxLength: 3 }), fc.constantFrom('', '*', '/*', '/'))
        .map(([first, parts, end]) => [first, ...parts].join('/') + end)
        .filter((text) => !text.includes('+*')),
      capabilities: fc.subarray(['read', 'list', 'deny'], { minLength: 1 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  const secret = fc
    .array(fc.constantFrom('a', 'b', 'kv', 'ab'), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'))
  let allowed = 0
  fc.assert(
    fc.property(rules, secret, (given, path) => {
      // A leading slash of a rule does not count.
      const plain = given.map((one) => ({ ...one, path: one.path.replace(/^\//, '') }))
      const all = access([policy(given.map((g) => rule(g.path, ...g.capabilities)).join(''))])
      const addresses = [`secret/data/${path}`]
      if (path.startsWith('kv/')) addresses.push(path)
      const answers = addresses.map((address) => referenceCapabilities(plain, address))
      const denied = answers.some((answer) => answer?.length === 0)
      const expected = !denied && answers.some((answer) => answer?.includes('read') === true)
      expect(decide(all, { action: 'read', path, at: NOON }).allowed).toBe(expected)
      if (expected) allowed++
      if (decide(all, { action: 'list', path, at: NOON }).allowed) {
        const ranges = listRanges(all, 'list', '', NOON)
        expect(
          ranges.some(
            ({ from, before }) => path >= from && (before === undefined || path < before),
          ),
        ).toBe(true)
      }
    }),
    { numRuns: 2_000, seed: 11 },
  )
  expect(allowed).toBeGreaterThan(100)
})
