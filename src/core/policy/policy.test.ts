import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BUILTIN_POLICIES } from './builtin.ts'
import { compilePattern } from './pattern.ts'
import { ACTIONS } from './policy.ts'
import { parsePolicy } from './validate.ts'

const page = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8')

test('every example in docs/policies.md is a policy', () => {
  const examples = Array.from(page.matchAll(/```json\n([^]*?)```/g), ([, text = '']) => text)
  expect(examples.length).toBeGreaterThan(0)
  for (const text of examples) expect(parsePolicy(JSON.parse(text))).toEqual(JSON.parse(text))
})

test('docs/policies.md names every action and every built-in', () => {
  for (const word of [...ACTIONS, ...BUILTIN_POLICIES.keys()]) expect(page).toContain(`\`${word}\``)
})

test('the table of patterns in docs/policies.md is true', () => {
  const [, table = ''] = page.split(/^\|(?: -+ \|){5}\n/m)
  const rows = table.split('\n\n')[0]?.split('\n') ?? []
  expect(rows).toHaveLength(4)
  for (const row of rows) {
    const [, , , pattern = '', yes = '', no = ''] = row.split('|')
    const words = (cell: string) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, word = '']) => word)
    const compiled = compilePattern(words(pattern)[0] ?? '')
    for (const path of words(yes)) expect(compiled.matches(path), path).toBe(true)
    for (const path of words(no)) expect(compiled.matches(path), path).toBe(false)
  }
})
