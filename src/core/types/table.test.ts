import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TYPES } from './table.ts'

test('docs/types.md has the rows of the table, and no others', () => {
  const page = readFileSync(new URL('../../../docs/types.md', import.meta.url), 'utf8')
  const rows = Object.entries(TYPES).map(([name, { summary, constraints, generate }]) => {
    const narrowed = constraints.map((constraint) => `\`${constraint}\``).join(', ') || 'none'
    return `| \`${name}\` | ${summary} | ${narrowed} | ${generate === undefined ? 'no' : 'yes'} |`
  })
  const [, table = ''] = page.split(/^\|(?: -+ \|){4}\n/m)
  const written = table
    .split('\n\n')[0]
    ?.split('\n')
    .map((row) => row.replaceAll(/ +/g, ' '))
  expect(written).toEqual(rows)
})
