import { expect, test } from 'vitest'
import { refusal } from '../../testing/refusal.ts'
import { readOptions } from './options.ts'

const read = (options: Record<string, unknown>) =>
  readOptions('place', { options }, ['text', 'list', 'texts'])

test('texts, lists and texts by name are read as what they are', () => {
  const { text, needed, list, texts } = read({ text: 'a', list: ['b', 'c'], texts: { d: 'e' } })
  expect([text('text'), needed('text'), list('list'), texts('texts')]).toEqual([
    'a',
    'a',
    ['b', 'c'],
    { d: 'e' },
  ])
  expect(read({ list: 'b' }).list('list')).toEqual(['b'])
})

test('what is absent is nothing, unless it is needed', () => {
  const options = read({})
  expect([options.text('text'), options.list('list'), options.texts('texts')]).toEqual([
    undefined,
    [],
    {},
  ])
  expect(refusal(() => options.needed('text'))).toMatchObject({ code: 'invalid_argument' })
  // Names of an object's own are no options.
  expect(options.text('constructor')).toBeUndefined()
})

test.each([
  [() => read({ other: 'x' }), /other.*it has text, list, texts/],
  [() => read({ text: '' }).text('text'), /text that is not empty/],
  [() => read({ text: 1 }).text('text'), /text that is not empty/],
  [() => read({ list: ['a', 1] }).list('list'), /list of texts/],
  [() => read({ list: [''] }).list('list'), /list of texts/],
  [() => read({ texts: ['a'] }).texts('texts'), /texts by name/],
  [() => read({ texts: { a: 1 } }).texts('texts'), /texts by name/],
  [() => read({ texts: null }).texts('texts'), /texts by name/],
])('%s is refused and named', (work, says) => {
  expect(refusal(work)).toMatchObject({
    code: 'invalid_argument',
    message: expect.stringMatching(says) as string,
    remedy: expect.stringContaining('docs/destinations.md') as string,
  })
})
