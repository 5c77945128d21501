import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import * as main from '../index.ts'
import * as config from './index.ts'

test('in a bundle for browsers the entries for servers refuse to be imported, and says what to do', async () => {
  const entry: string = './browser.ts'
  await expect(import(entry)).rejects.toThrow('Import coffer/client there')
})

test('it has every name of these entries, so that bundlers come as far as the message', () => {
  const code = readFileSync(new URL('browser.ts', import.meta.url), 'utf8')
  const names = [...code.matchAll(/^export const (\w+)/gm)].map(([, name]) => name)
  expect(new Set(names)).toEqual(new Set([...Object.keys(main), ...Object.keys(config)]))
})
