import { expect, test } from 'vitest'
import { rememberingLast } from './remembering-last.ts'

test('what was made last is made once, and nothing else is remembered', () => {
  const made: (number | undefined)[] = []
  const half = rememberingLast((of: number | undefined) => {
    made.push(of)
    return of === undefined ? undefined : of / 2
  })
  expect([half(undefined), half(undefined), half(4), half(4), half(6), half(4)]).toEqual([
    undefined,
    undefined,
    2,
    2,
    3,
    2,
  ])
  expect(made).toEqual([undefined, 4, 6, 4])
})

test('what fails is tried again', () => {
  let calls = 0
  const failing = rememberingLast((of: string) => {
    calls += 1
    throw new Error(of)
  })
  expect(() => failing('a')).toThrow('a')
  expect(() => failing('a')).toThrow('a')
  expect(calls).toBe(2)
})
