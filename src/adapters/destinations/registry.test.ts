import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DESTINATIONS } from './registry.ts'

test.each(Object.keys(DESTINATIONS))(
  '%s keeps the contract of destinations, by its own test',
  (kind) => {
    const own = readFileSync(new URL(`${kind}.test.ts`, import.meta.url), 'utf8')
    expect(own).toContain(`destinationContract('${kind}'`)
  },
)

test.each(Object.entries(DESTINATIONS))('%s is loaded when it is used', async (_kind, load) => {
  expect(await load()).toBeTypeOf('function')
})
