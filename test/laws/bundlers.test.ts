import { expect, test } from 'vitest'
import { occurrences, sources } from './sources.ts'
import type { Source } from './sources.ts'

/**
 * Applications bundle the library with tools whose parsers are older than Node's: webpack in Next 15 and 16
 * cannot read explicit resource management. `src/core/closing.ts` says the same.
 */
const TOO_NEW = /(?<![.\w])(?:await\s+)?using\s+[\w$]+\s*=/g

test('what is published needs no newer parser than applications have', () => {
  const published = sources('src')
  expect(published.length).toBeGreaterThan(300)
  expect(published.flatMap((source) => occurrences(source, TOO_NEW))).toEqual([])
})

test('the law catches each planted way, and not a comment', () => {
  const plant = (code: string): Source => ({ file: 'planted.ts', text: code, code })
  for (const way of ['await using handle = await open(file)', 'using lock = take()'])
    expect(occurrences(plant(way), TOO_NEW)).toHaveLength(1)
  for (const other of ['const using = 1', 'options.using = 2'])
    expect(occurrences(plant(other), TOO_NEW)).toHaveLength(0)
})
