import { expect, test } from 'vitest'
import { OWN_KEYS } from '../../core/own-keys.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { env } from './env.ts'

providerContract('env', () => {
  const variables: Record<string, string> = {}
  return {
    provider: env({ env: variables, options: {} }),
    key: (word) => word.toUpperCase(),
    put: (key, text) => void (variables[key] = text),
    remove: (key) => void delete variables[key],
  }
})

test('the process environment itself can stand behind it', async () => {
  const { signal } = new AbortController()
  const provider = env({ env: process.env, options: {} })
  const [home] = await provider.resolve([{ provider: 'env', key: 'PATH' }], signal)
  expect(home).toMatchObject({ value: { secret: expect.anything() } })
})

test('a reference to a version or a label is refused, since there are none', async () => {
  const { signal } = new AbortController()
  const provider = env({ env: { A: 'x' }, options: {} })
  const refs = [
    { provider: 'env', key: 'A', version: 2 },
    { provider: 'env', key: 'A', label: 'previous' },
  ]
  for (const answer of await provider.resolve(refs, signal)) {
    expect(answer).toMatchObject({ error: { code: 'invalid_reference' } })
  }
})

test.each(OWN_KEYS)('%s, which opens the store or the server, is no secret', async (key) => {
  const { signal } = new AbortController()
  const provider = env({ env: { [key]: 'canary', [key.toLowerCase()]: 'canary' }, options: {} })
  const refs = [key, key.toLowerCase()].map((name) => ({ provider: 'env', key: name }))
  for (const answer of await provider.resolve(refs, signal)) {
    expect(answer).toMatchObject({ error: { code: 'denied' } })
  }
})

test('an option it does not have is refused', () => {
  expect(() => env({ env: {}, options: { file: '.env' } })).toThrow('no options')
})
