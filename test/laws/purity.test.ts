import { expect, test } from 'vitest'
import { occurrences, sources } from './sources.ts'
import type { Source } from './sources.ts'

/** Law 7: what would read the clock, randomness or the environment. */
const AMBIENT =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\.now\b|\bMath\.random\b|\brandom(?:Bytes|UUID|Int|FillSync|Fill)\b|\bgetRandomValues\b|\bgenerateKey(?:Pair)?(?:Sync)?\b|\bprocess\s*[.[]|\bglobalThis\b/g

/** Files that may, each with its reason. */
const ALLOWED: Record<string, string> = {
  'src/core/types/generate.ts': 'a private key needs randomness that OpenSSL takes itself',
}

const pure = [...sources('src/core'), ...sources('src/crypto')]

test('the law sees core and crypto', () => {
  expect(pure.length).toBeGreaterThan(25)
})

test('core and crypto read no clock, no randomness, no environment', () => {
  const found = pure
    .filter(({ file }) => ALLOWED[file] === undefined)
    .flatMap((source) => occurrences(source, AMBIENT))
  expect(found).toEqual([])
})

test('the engine reads them through its arguments only', () => {
  expect(sources('src/engine').flatMap((source) => occurrences(source, AMBIENT))).toEqual([])
})

test('the law catches each planted way, and not a comment', () => {
  const plant = (code: string): Source => ({ file: 'planted.ts', text: code, code })
  const ways = [
    'Date.now()',
    'new Date()',
    'performance.now()',
    'Math.random()',
    'randomBytes(16)',
    'randomUUID()',
    'process.env.HOME',
    "process['env']",
    'crypto.getRandomValues(x)',
  ]
  expect(ways.filter((way) => occurrences(plant(way), AMBIENT).length === 0)).toEqual([])
  expect(occurrences(plant('new Date(at).toISOString()'), AMBIENT)).toEqual([])
})
