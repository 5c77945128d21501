import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_RATES } from './rates.ts'

test('docs/limits.md names every limit with what holds when nothing is said', () => {
  const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z]+)` +\| [a-z]+ +\| ([0-9 ]+?) +\| ([0-9 ]+?) +\|/gm)]
  const documented = rows.map(([, name, perSecond = '', burst = '']) => [
    name,
    { perSecond: Number(perSecond.replace(' ', '')), burst: Number(burst.replace(' ', '')) },
  ])
  expect(Object.fromEntries(documented)).toEqual(DEFAULT_RATES)
})
