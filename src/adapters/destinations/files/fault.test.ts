import { expect, test } from 'vitest'
import { refusal } from '../../../testing/refusal.ts'
import { translate } from './fault.ts'

test.each([
  ['ENOSPC', 'unavailable', 'no room'],
  ['EDQUOT', 'unavailable', 'no room'],
  ['EACCES', 'denied', 'may not be read or written'],
  ['EROFS', 'denied', 'may not be read or written'],
  ['ELOOP', 'denied', 'symbolic link'],
  ['EIO', 'unavailable', 'EIO'],
])('%s is told as %s, with what to do', (code, as, words) => {
  const told = refusal(() => translate(Object.assign(new Error('x'), { code }), 'out.env'))
  expect([told.code, told.message]).toEqual([as, expect.stringContaining(words)])
  expect(told.remedy).not.toBe('')
})

test.each(['ENOENT', 'ENOTDIR'])('%s is nothing there', (code) => {
  expect(translate(Object.assign(new Error('x'), { code }), 'out.env')).toBeUndefined()
})
