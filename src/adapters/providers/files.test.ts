import { expect, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import { refusal } from '../../testing/refusal.ts'
import { translate } from './files.ts'

/** By hand, since whoever tests as root is denied nothing. */
const failed = (code: string) => Object.assign(new Error(`${code}: /a/b`), { code })

test.each(['ENOENT', 'ENOTDIR'])('%s is absence', (code) => {
  expect(translate(failed(code), 'The file')).toBeUndefined()
})

test.each([
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['ENAMETOOLONG', 'invalid_reference'],
  ['EIO', 'unavailable'],
  ['EMFILE', 'unavailable'],
  ['ESTALE', 'unavailable'],
])('%s is %s, never absence', (code, told) => {
  const refused = refusal(() => translate(failed(code), 'The file'))
  expect(refused.code).toBe(told)
  expect(refused.message).not.toContain('/a/b')
})

test('what is no error of files is unavailable; ours stays what it is', () => {
  expect(refusal(() => translate(undefined, 'The file')).code).toBe('unavailable')
  const ours = new CofferError('too_large', 'The file is too large.')
  expect(refusal(() => translate(ours, 'The file'))).toBe(ours)
})
