import { expect, test } from 'vitest'
import type { JwtRole } from '../../core/ports/identities.ts'
import { claimAt, refusalOfClaims } from './jwt-claims.ts'
import { newJwtRole } from './jwt-checks.ts'

const NOW = 1_800_000_000
const TIMES = { iat: NOW - 10, exp: NOW + 300 }

function refusal(claims: object, role: Partial<JwtRole> = {}, issuer?: string): string | undefined {
  const verified = { claims: { ...TIMES, ...claims }, issuer }
  return refusalOfClaims(verified, { ...newJwtRole('jwt', 'r'), ...role }, undefined, NOW * 1_000)
}

test('a JWT is good in its time, with some room for clocks', () => {
  const at = (times: object, role: Partial<JwtRole> = {}) =>
    refusal({ iat: undefined, exp: undefined, ...times }, role) === undefined
  expect(at({ exp: NOW + 1 })).toBe(true)
  expect(at({ exp: NOW - 59 })).toBe(true)
  expect(at({ exp: NOW - 60 })).toBe(false)
  expect(at({ exp: NOW - 1 }, { clockSkewSeconds: -1 })).toBe(false)
  expect(at({ exp: NOW - 99 }, { clockSkewSeconds: 100 })).toBe(true)
  expect(at({ exp: NOW + 999, nbf: NOW + 60 })).toBe(true)
  expect(at({ exp: NOW + 999, nbf: NOW + 61 })).toBe(false)
  expect(at({ exp: NOW + 999, iat: NOW + 61 })).toBe(false)
  // Without exp it is good for a while after it was issued, without nbf for a while before it ends.
  expect(at({ iat: NOW - 209 })).toBe(true)
  expect(at({ iat: NOW - 210 })).toBe(false)
  expect(at({ iat: NOW - 300 }, { expirationLeewaySeconds: 300 })).toBe(true)
  expect(at({ exp: NOW + 210 })).toBe(true)
  expect(at({ exp: NOW + 211 })).toBe(false)
  expect(at({ exp: NOW + 400 }, { notBeforeLeewaySeconds: 400 })).toBe(true)
  expect(at({})).toBe(false)
  for (const wrong of ['1', null, {}, -1, Infinity])
    expect(at({ ...TIMES, exp: wrong })).toBe(false)
})

test('issuer, subject and audience must be the ones that are bound', () => {
  expect(refusal({ iss: 'https://a' }, {}, 'https://a')).toBeUndefined()
  expect(refusal({ iss: 'https://b' }, {}, 'https://a')).toBeDefined()
  expect(refusal({}, {}, 'https://a')).toBeDefined()
  expect(refusal({ sub: 'x' }, { boundSubject: 'x' })).toBeUndefined()
  expect(refusal({ sub: ['x'] }, { boundSubject: 'x' })).toBeDefined()
  expect(refusal({}, { boundSubject: 'x' })).toBeDefined()
  const bound = { boundAudiences: ['us', 'we'] }
  expect(refusal({ aud: 'us' }, bound)).toBeUndefined()
  expect(refusal({ aud: ['them', 'we'] }, bound)).toBeUndefined()
  expect(refusal({ aud: 'them' }, bound)).toBeDefined()
  expect(refusal({}, bound)).toBeDefined()
  // It says for whom it is, and nobody said that this is us.
  expect(refusal({ aud: 'them' })).toBeDefined()
})

test('bound claims: one of the values, of the same type, by name or by pointer', () => {
  const bound = (boundClaims: JwtRole['boundClaims'], claims: object) =>
    refusal(claims, { boundClaims }) === undefined
  expect(bound({ ref: 'main' }, { ref: 'main' })).toBe(true)
  expect(bound({ ref: ['main', 'next'] }, { ref: 'next' })).toBe(true)
  expect(bound({ ref: 'main' }, { ref: ['other', 'main'] })).toBe(true)
  expect(bound({ ref: 'main' }, { ref: 'mainx' })).toBe(false)
  expect(bound({ ref: 'main' }, {})).toBe(false)
  expect(bound({ ref: 'main', env: 'prod' }, { ref: 'main' })).toBe(false)
  expect(bound({ ref: '*' }, { ref: 'main' })).toBe(false)
  expect(bound({ n: 1 }, { n: 1 })).toBe(true)
  expect(bound({ n: 1 }, { n: '1' })).toBe(false)
  expect(bound({ ok: true }, { ok: 'true' })).toBe(false)
  expect(bound({ '/a/b': 'x' }, { a: { b: 'x' } })).toBe(true)
  expect(bound({ '/a~1b/c~0d/0': 'x' }, { 'a/b': { 'c~d': ['x'] } })).toBe(true)
  expect(bound({ constructor: 'x' }, {})).toBe(false)
  expect(bound({ '/__proto__/x': 'x' }, {})).toBe(false)
  expect(claimAt({ a: 'x' }, '/a/length')).toBeUndefined()
})

test('a glob stands for anything where there is a star, and nowhere else', () => {
  const fits = (glob: string, text: string) =>
    refusal({ c: text }, { boundClaims: { c: glob }, boundClaimsType: 'glob' }) === undefined
  const table: readonly (readonly [glob: string, yes: string[], no: string[]])[] = [
    [
      'repo:shop/*',
      ['repo:shop/', 'repo:shop/a:ref'],
      ['repo:shop', 'xrepo:shop/a', 'repo:shopx/a'],
    ],
    ['*:ref:main', [':ref:main', 'a:ref:main'], ['a:ref:main2']],
    ['a*b*c', ['abc', 'a1b2c', 'abbc', 'abcc'], ['ac', 'ab', 'bc', 'acb']],
    ['a*a', ['aa', 'aba'], ['a']],
    ['**', ['', 'x'], []],
    ['plain', ['plain'], ['plainx', 'xplain', '']],
    ['a.c', ['a.c'], ['abc']],
  ]
  for (const [glob, yes, no] of table) {
    for (const text of yes) expect(fits(glob, text), `${glob} ${text}`).toBe(true)
    for (const text of no) expect(fits(glob, text), `${glob} ${text}`).toBe(false)
  }
})
