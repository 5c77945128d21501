import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SINKS } from './registry.ts'

test.each(Object.keys(SINKS))('%s keeps the contract of sinks, by its own test', (kind) => {
  const own = readFileSync(new URL(`${kind}.test.ts`, import.meta.url), 'utf8')
  expect(own).toContain(`sinkContract('${kind}'`)
})
