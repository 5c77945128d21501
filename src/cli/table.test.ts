import { expect, test } from 'vitest'
import { renderTable } from './table.ts'

const COLUMNS = [
  {
    title: 'NAME',
    cell: (row: { name: string; n: number }) => row.name,
    style: () => 'red' as const,
  },
  { title: 'N', align: 'right' as const, cell: (row: { n: number }) => row.n },
  { title: 'EMPTY', cell: () => undefined },
]

test('columns are aligned, wide characters and marks counted, empty columns left out', () => {
  const rows = [
    { name: '漢字', n: 1 },
    { name: 'e\u0301', n: 200 },
    { name: 'plain', n: 30 },
  ]
  expect(renderTable(rows, COLUMNS, { color: false })).toBe(
    'NAME     N\n漢字     1\ne\u0301      200\nplain   30\n',
  )
})

test('colour is ours alone: what cells hold is escaped', () => {
  const text = renderTable([{ name: '\x1b[31mx', n: 1 }], COLUMNS, { color: true })
  expect(text).toContain('\\x1b[31mx')
  expect(text.replace(/\x1b\[(?:1|22|31|39)m/g, '')).not.toContain('\x1b')
})
