import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ERRORS } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import type { Rule } from './rule.ts'
import { describeCode, inOrder, RULES } from './rules.ts'

const rules = Object.values<Rule>(RULES)
const all = rules.flatMap(({ codes }) => Object.entries(codes))

test('a code is found by one rule only, in snake case', () => {
  const codes = all.map(([code]) => code)
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([])
  expect(codes.filter((code) => !/^[a-z]+(?:_[a-z]+)*$/.test(code))).toEqual([])
})

test('docs/check.md has every code, with its severity, meaning and remedy', () => {
  const page = readFileSync(new URL('../../../docs/check.md', import.meta.url), 'utf8')
  const table = page.split('\n## Findings')[1]?.split('\n## ')[0] ?? ''
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))
  expect(rows).toEqual(
    all.map(([code, { severity, meaning, remedy }]) => [`\`${code}\``, severity, meaning, remedy]),
  )
})

test('any other code is described by the table of errors', () => {
  expect(describeCode('limit_exceeded').remedy).toBe(ERRORS.limit_exceeded.remedy)
  expect(describeCode('no such').remedy).toBe(ERRORS.internal.remedy)
  expect(describeCode('not_found').meaning).toBe('The secret is absent.')
})

test('findings come errors first, by environment as asked, each once', () => {
  const finding = (
    severity: Finding['severity'],
    environment: string | undefined,
    path: string,
  ) => ({
    code: 'x',
    severity,
    environment,
    path,
    message: '',
    remedy: '',
  })
  const found = [
    finding('warning', 'prod', 'a'),
    finding('error', 'dev', 'b'),
    finding('error', 'prod', 'c'),
    finding('error', 'prod', 'c'),
    finding('error', undefined, 'd'),
  ]
  expect(inOrder(found, ['prod', 'dev']).map(({ path }) => path)).toEqual(['d', 'c', 'b', 'a'])
})
