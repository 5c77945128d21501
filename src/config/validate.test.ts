import { type } from 'arktype'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { refusalOf } from '../testing/refusal.ts'
import type { StandardSchema } from './standard-schema.ts'
import { validate } from './validate.ts'

const CANARY = 'Tr0ub4dor&3-hunter2'
const says = (message: string, path?: PropertyKey[]): StandardSchema => ({
  '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message, path }] }) },
})
const told = async (schema: StandardSchema, ...candidates: unknown[]) =>
  (await refusalOf(() => validate(schema, candidates))).message

test('words of a validator are passed on when they share nothing with the value', async () => {
  expect(await told(z.url(), CANARY)).toBe('The value does not pass its schema: Invalid URL.')
  expect(await told(z.object({ port: z.number() }), { port: CANARY })).toBe(
    'The value does not pass its schema: port: Invalid input: expected number, received string.',
  )
})

test.each([
  ['verbatim', `not good: ${CANARY}`],
  ['a part of it', 'begins with hunter'],
  ['in capitals', CANARY.toUpperCase()],
  ['escaped', JSON.stringify(CANARY).replaceAll('-', '\\u002d')],
  ['spaced', CANARY.split('').join(' ')],
  ['too long to tell', 'x '.repeat(100)],
  ['with control characters', 'a\u001b[31mb'],
])('words that hold the value %s are dropped', async (_, message) => {
  const plain = 'The value does not pass its schema.'
  expect(await told(says(message), CANARY)).toBe(plain)
  expect(await told(says(message), { deep: [{ er: CANARY }] })).toBe(plain)
  expect(await told(says('generic', [message]), CANARY)).not.toContain(message)
})

test('an issue with the value as a whole names no place in it', async () => {
  expect(await told(type('string.email'), 'postgres://x')).toBe(
    'The value does not pass its schema.',
  )
  expect(await told(type({ port: 'number' }), { port: CANARY })).toBe(
    'The value does not pass its schema: port.',
  )
})

test('of a value that is too short to compare nothing is said', async () => {
  for (const short of ['a', 'abc', '!!!!!', 7]) {
    expect(await told(says(`bad ${short}`), short)).toBe('The value does not pass its schema.')
  }
})

test('what the three libraries echo is not passed on', async () => {
  const echoing: StandardSchema[] = [
    type('string.url'),
    type("'a'|'b'"),
    v.pipe(v.string(), v.url()),
    v.picklist(['a', 'b']),
    z.enum(['a', 'b']),
    z.literal('a'),
    z.string().refine(() => false, { error: (issue) => `${String(issue.input)} is bad` }),
  ]
  for (const schema of echoing) expect(await told(schema, CANARY)).not.toMatch(/hunter|Tr0ub/i)
})

test('a validator that throws is a refusal, and its error is not passed on', async () => {
  const throwing = z.string().transform((text) => {
    throw new Error(text)
  })
  expect(await told(throwing, CANARY)).toBe('The value does not pass its schema.')
})

test('at most three issues are told', async () => {
  const schema = z.object({ a: z.url(), b: z.url(), c: z.url(), d: z.url() })
  const message = await told(schema, { a: '-', b: '-', c: '-', d: '-' })
  expect(message.match(/Invalid URL/g)).toHaveLength(3)
})

test('the first candidate that passes is taken', async () => {
  expect(await validate(z.number(), ['1', 1])).toBe(1)
  expect(await validate(z.string(), ['1', 1])).toBe('1')
})
