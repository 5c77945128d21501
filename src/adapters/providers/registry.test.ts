import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROVIDERS } from './registry.ts'

test.each(Object.keys(PROVIDERS))('%s keeps the contract of providers, by its own test', (kind) => {
  const own = readFileSync(new URL(`${kind}.test.ts`, import.meta.url), 'utf8')
  expect(own).toContain(`providerContract('${kind}'`)
})
