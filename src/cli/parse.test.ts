import { expect, test } from 'vitest'
import { isCofferError } from '../core/errors.ts'
import { asksHelp, parseCommand, splitCommand } from './parse.ts'
import type { CommandSpec } from './spec.ts'

const SPEC: CommandSpec = {
  name: 'try',
  summary: 'for tests',
  arguments: [{ name: 'path', summary: 'a path' }],
  options: {
    limit: { type: 'integer', summary: 'a number', short: 'l' },
    min: { type: 'number', summary: 'a number' },
    tag: { type: 'string', multiple: true, summary: 'many' },
    format: { type: 'string', choices: ['a', 'b'], summary: 'one of' },
    raw: { type: 'boolean', summary: 'a flag', short: 'n' },
  },
  examples: [],
}
const RUN: CommandSpec = {
  name: 'run',
  summary: 'for tests',
  passThrough: true,
  arguments: [{ name: 'command', summary: 'a command', variadic: true }],
  options: { prefix: { type: 'string', summary: 'a prefix' } },
  examples: [],
}

const refusal = (argv: string[], spec = SPEC): string => {
  try {
    parseCommand(argv, spec)
  } catch (error) {
    if (isCofferError(error, 'invalid_argument')) return error.message
    throw error
  }
  throw new Error('it was accepted')
}

test('options have their types, and what is not given is empty, false or absent', () => {
  const { options, args, globals } = parseCommand(
    ['p', '--limit', '5', '--tag=a', '--tag', 'b', '-n', '--min', '-1.5', '--json'],
    SPEC,
  )
  expect(options).toMatchObject({ limit: 5, tag: ['a', 'b'], raw: true, min: -1.5 })
  expect(options.format).toBeUndefined()
  expect(args).toEqual(['p'])
  expect(globals).toMatchObject({ json: true, quiet: false, 'seal-option': [] })
})

test('global options are accepted before and after the command', () => {
  expect(splitCommand(['--data-dir', 'x', '--json', 'list', 'y', '--due'])).toEqual({
    before: ['--data-dir', 'x', '--json'],
    name: 'list',
    after: ['y', '--due'],
  })
  expect(splitCommand(['--json']).name).toBeUndefined()
})

test.each([
  [['p', '--limit', 'x'], '--limit needs a number'],
  [['p', '--limit', '1.5'], '--limit needs a number'],
  [['p', '--limit', '0x10'], '--limit needs a number'],
  [['p', '--limit'], '--limit needs a value'],
  [['p', '--tag', '--raw'], '--tag needs a value'],
  [['p', '--limit', '1', '--limit', '2'], 'given twice'],
  [['p', '--format', 'c'], 'one of: a, b'],
  [['p', '--raw=yes'], 'takes no value'],
  [['p', '--nope'], 'no option --nope'],
  [['p', '-z'], 'no option -z'],
  [[], 'PATH is missing'],
  [['p', 'q'], 'takes one argument; 2 were given'],
])('%j is refused', (argv, why) => {
  expect(refusal(argv)).toContain(why)
})

test('a refusal repeats no argument and no value: it may be a secret in the wrong place', () => {
  const canary = 'c4n4ry-value'
  for (const misplaced of [
    [canary],
    [`--nope=${canary}`],
    [`-x${canary}`],
    ['--limit', canary],
    ['--format', canary],
  ]) {
    expect(refusal(['p', ...misplaced])).not.toContain(canary)
  }
})

test('with = a value may begin with a dash', () => {
  expect(parseCommand(['p', '--tag=--raw'], SPEC).options.tag).toEqual(['--raw'])
})

test('from its command on, run takes nothing for its own', () => {
  for (const argv of [
    ['--prefix', 'a', '--', 'node', '--json', '-x'],
    ['--prefix', 'a', 'node', '--json', '-x'],
  ]) {
    const parsed = parseCommand(argv, RUN)
    expect(parsed.rest).toEqual(['node', '--json', '-x'])
    expect(parsed.globals.json).toBe(false)
  }
  expect(parseCommand(['--', '--', '--'], RUN).rest).toEqual(['--', '--'])
  expect(asksHelp(['--', 'node', '--help'], RUN)).toBe(false)
  expect(asksHelp(['--help', '--', 'node'], RUN)).toBe(true)
})
