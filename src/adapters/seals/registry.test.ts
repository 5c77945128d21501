import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { OWN_KEYS } from '../../core/own-keys.ts'
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

test('every variable that a seal reads is kept from programs that are started', () => {
  const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  const read = files
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) =>
      readFileSync(`${import.meta.dirname}/${name}`, 'utf8').match(/\bCOFFER_\w+/g),
    )
    .filter((name) => name !== null && name !== 'COFFER_CONFIG_DIR')
  expect(read).toContain('COFFER_SHARES')
  expect([...new Set(read)].filter((name) => !OWN_KEYS.includes(name!))).toEqual([])
})
