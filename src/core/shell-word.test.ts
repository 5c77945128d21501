import { expect, test } from 'vitest'
import { shellWord } from './shell-word.ts'

test('a word of a command stays one word in a shell', () => {
  expect(['shop/prod/a-b', "it's", 'a b', '$(x)'].map(shellWord)).toEqual([
    'shop/prod/a-b',
    `'it'\\''s'`,
    "'a b'",
    "'$(x)'",
  ])
})
