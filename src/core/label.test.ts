import { expect, test } from 'vitest'
import { checkLabel, CURRENT, PENDING, PREVIOUS } from './label.ts'

test.each([
  CURRENT,
  PREVIOUS,
  PENDING,
  'AWSCURRENT',
  'v1.2',
  'a/b:c=d+e@f-g_h',
  'a'.repeat(256),
  '__proto__'.slice(2),
])('%s is a label', (label) => expect(checkLabel(label)).toBe(label))

test.each([
  '',
  '1',
  '7a',
  '-a',
  '_a',
  'a b',
  'a\n',
  'é',
  'a*',
  'a,b',
  '__proto__',
  'a'.repeat(257),
  7,
  undefined,
])('%j is not', (label) => {
  expect(() => checkLabel(label as string)).toThrow(
    expect.objectContaining({ code: 'invalid_label' }),
  )
})
