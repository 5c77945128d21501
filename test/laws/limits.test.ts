import { expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { sources } from './sources.ts'

/** Law 9: a limit that no code applies is a promise, and one that no test tries is a hope. */
/** Defaults and schedules are chosen, not enforced. */
const names = Object.keys(LIMITS).filter((name) => !/(?:Default|EveryMs)$/.test(name))
const all = [...sources('src', { tests: true }), ...sources('test', { tests: true })].filter(
  ({ file }) => file !== 'src/core/limits.ts',
)
const isTest = (file: string) => file.endsWith('.test.ts') || /^(?:src\/testing|test)\//.test(file)
const mentioned = (name: string, among: readonly { readonly code: string }[]) =>
  among.some(({ code }) => new RegExp(`\\b${name}\\b`).test(code))

test('every limit is applied', () => {
  const code = all.filter(({ file }) => !isTest(file))
  expect(names.filter((name) => !mentioned(name, code))).toEqual([])
})

test('every limit is tried by a test', () => {
  const tests = all.filter(({ file }) => isTest(file))
  expect(names.filter((name) => !mentioned(name, tests))).toEqual([])
})
