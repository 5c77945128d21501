import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sealWorld } from '../../testing/seal-world.ts'
import { SEALS } from './registry.ts'

test.each(Object.keys(SEALS))('%s keeps the contract of seals, by its own test', (kind) => {
  const own = readFileSync(new URL(`${kind}.test.ts`, import.meta.url), 'utf8')
  expect(own).toMatch(new RegExp(`sealContract\\(\\s*'${kind}'`))
})

test('in an empty world some seal is ready, and it comes last', () => {
  const ready = Object.values(SEALS).map((seal) => seal.ready(sealWorld()))
  expect(ready.at(-1)).toBe(true)
  expect(ready.slice(0, -1)).not.toContain(true)
})
