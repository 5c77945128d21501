import { expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import { refusal } from '../testing/refusal.ts'
import { locate, parseReference, showReference } from './reference.ts'

const at = (input: unknown, prefix = 'shop/dev/api') => locate(parseReference(input), prefix)

test.each([
  ['db-url', 'coffer', 'shop/dev/api/db-url'],
  ['sub/db-url', 'coffer', 'shop/dev/api/sub/db-url'],
  ['/other/prod/x/y', 'coffer', 'other/prod/x/y'],
  ['sub/a:b', 'coffer', 'shop/dev/api/sub/a:b'],
  ['coffer:other/a', 'coffer', 'other/a'],
  ['env:CI_TOKEN', 'env', 'CI_TOKEN'],
  ['file:tls/key.pem', 'file', 'tls/key.pem'],
  ['vault:a:b', 'vault', 'a:b'],
  ['__proto__', 'coffer', 'shop/dev/api/__proto__'],
])('%j asks %s for %s', (written, provider, key) => {
  expect(at(written)).toEqual({ provider, key })
})

test('without a prefix a name lies at the root', () => {
  expect(at('db-url', '')).toEqual({ provider: 'coffer', key: 'db-url' })
})

test('the object form is absolute and may hold a colon', () => {
  const ref = { path: 'a/b:c', label: 'previous', field: 'user.name', encoding: 'base64' }
  const { path: key, ...rest } = ref
  expect(at(ref)).toEqual({ provider: 'coffer', key, ...rest })
  expect(at({ path: 'X', provider: 'env' })).toEqual({ provider: 'env', key: 'X' })
  expect(at({ path: 'a', version: 3 })).toEqual({ provider: 'coffer', key: 'a', version: 3 })
})

test.each([
  ['', 'invalid_reference'],
  [7, 'invalid_reference'],
  [null, 'invalid_reference'],
  [['a'], 'invalid_reference'],
  [{}, 'invalid_reference'],
  [{ path: '' }, 'invalid_reference'],
  [{ path: 'a', lable: 'x' }, 'invalid_reference'],
  [{ path: 'a', label: 'x', version: 1 }, 'invalid_reference'],
  [{ path: 'a', version: 0 }, 'invalid_reference'],
  [{ path: 'a', version: '1' }, 'invalid_reference'],
  [{ path: 'a', encoding: 'rot13' }, 'invalid_reference'],
  [{ path: 'a', label: '7' }, 'invalid_label'],
  [{ path: 'a', envName: 'A=B' }, 'invalid_reference'],
  ['env:', 'invalid_reference'],
  ['Env:X', 'invalid_reference'],
  [':x', 'invalid_reference'],
  ['a\0b', 'invalid_reference'],
  ['../other/secret', 'invalid_path'],
  ['a//b', 'invalid_path'],
  ['//a', 'invalid_path'],
  ['a/', 'invalid_path'],
  ['a\nb', 'invalid_path'],
])('%j is refused as %s', (written, code) => {
  expect(refusal(() => at(written)).code).toBe(code)
})

test('a reference has at most 1024 characters', () => {
  const most = `env:${'X'.repeat(LIMITS.referenceCharsMax - 4)}`
  expect(at(most).key).toHaveLength(LIMITS.referenceCharsMax - 4)
  expect(refusal(() => at(`${most}X`)).code).toBe('too_large')
})

test('in print a reference says everything but a value', () => {
  expect(showReference(at('db-url'))).toBe('shop/dev/api/db-url')
  expect(showReference(at('env:X'))).toBe('env:X')
  expect(showReference(at({ path: 'a', label: 'previous', field: 'x' }))).toBe('a (previous) .x')
  expect(showReference(at({ path: 'a', version: 2 }))).toBe('a (version 2)')
})
