import { expect, test } from 'vitest'
import { ConfigError } from './problem.ts'

test('however many problems there are, all of them are told', () => {
  const problem = { field: 'a', reference: '', provider: '', code: 'invalid_config' as const }
  const count = 150_000
  const error = new ConfigError(
    Array.from({ length: count }, () => ({ ...problem, message: 'It is wrong.', remedy: '' })),
  )
  expect(error.message).toContain(`${count} problems`)
})
