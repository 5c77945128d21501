import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ProviderAnswer } from '../../core/ports/provider.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { refusal } from '../../testing/refusal.ts'
import { command } from './command.ts'

let home: string
let count = 0
beforeAll(() => void (home = mkdtempSync(path.join(tmpdir(), 'coffer-command-'))))
afterAll(() => rmSync(home, { recursive: true }))

const { signal } = new AbortController()
const NODE = process.execPath

/** A provider that runs this JavaScript; `words` follow it. */
function program(
  code: string,
  words: readonly string[] = ['{key}'],
  options: Record<string, string> = {},
  env: Record<string, string> = {},
) {
  const file = path.join(home, `${count++}.cjs`)
  writeFileSync(file, code)
  return command({
    env: { PATH: process.env.PATH, ...env },
    options: { command: JSON.stringify([NODE, file, ...words]), ...options },
  })
}

const ask = async (
  provider: ReturnType<typeof command>,
  key = 'k',
  over: AbortSignal = signal,
): Promise<ProviderAnswer> =>
  (await provider.resolve([{ provider: 'command', key }], over))[0] ?? { value: undefined }
const shown = (answer: ProviderAnswer) =>
  'error' in answer ? (answer.error as CofferError).code : answer.value?.secret.reveal()

providerContract('command', () => {
  const file = path.join(home, `values-${count++}.json`)
  const save = (values: object) => writeFileSync(file, JSON.stringify(values))
  const values = new Map<string, string>()
  const provider = program(
    `const held = new Map(JSON.parse(require('fs').readFileSync(${JSON.stringify(file)})))
     const found = held.get(process.argv[2])
     if (found === undefined) process.exit(66)
     if (found === 'denied') process.exit(77)
     process.stdout.write(found)`,
    ['{key}'],
    { raw: 'true' },
  )
  save([])
  return {
    provider,
    key: (word) => word,
    put: (key, text) => (values.set(key, text), save([...values])),
    remove: (key) => (values.delete(key), save([...values])),
    deny: (key) => (values.set(key, 'denied'), save([...values])),
    breakDown: () => writeFileSync(file, 'no JSON'),
  }
})

test('no shell reads the words, and the key stays one of them', async () => {
  const provider = program('process.stdout.write(JSON.stringify(process.argv.slice(2)))', [
    'a b',
    'op://{key}/{key}',
    '$HOME;`id`',
  ])
  expect(shown(await ask(provider, '$(touch x) && "y"'))).toBe(
    '["a b","op://$(touch x) && \\"y\\"/$(touch x) && \\"y\\"","$HOME;`id`"]',
  )
  expect(shown(await ask(provider, '$& $1'))).toContain('op://$& $1/$& $1')
})

test('a command of words with spaces between them is one, and shell syntax in it is refused', async () => {
  const provider = command({ env: {}, options: { command: `${NODE} --print 1+1` } })
  expect(shown(await ask(provider))).toBe('2')
  for (const bad of [
    'op read "{key}"',
    'cat {key} | head',
    'echo $HOME',
    '[',
    '[]',
    '[1]',
    '["a"',
  ]) {
    const answer = await ask(command({ env: {}, options: { command: bad } }))
    expect(shown(answer), bad).toBe('invalid_argument')
  }
  expect(refusal(() => command({ env: {}, options: {} })).remedy).toContain('kind: command')
  expect(refusal(() => command({ env: {}, options: { command: 'x', shell: 'true' } })).code).toBe(
    'invalid_argument',
  )
})

test('without {key} the key comes on standard input; a key that would be an option is refused', async () => {
  const echo = `process.stdin.on('data', (d) => process.stdout.write(JSON.stringify(String(d))))`
  expect(shown(await ask(program(echo, []), 'my key'))).toBe('"my key\\n"')
  expect(shown(await ask(program(echo, []), 'two\nlines'))).toBe('invalid_reference')
  expect(shown(await ask(program(''), '--output=/etc/passwd'))).toBe('invalid_reference')
  expect(shown(await ask(program('process.exit(0)', []), 'x'.repeat(500_000)))).toBe('')
})

test('one final newline is dropped, bytes that are no text stay, raw leaves all', async () => {
  const print = (text: string) => `process.stdout.write(Buffer.from('${text}', 'latin1'))`
  expect(shown(await ask(program(print('a\\n\\n'))))).toBe('a\n')
  expect(shown(await ask(program(print('a\\r\\n'))))).toBe('a')
  expect(shown(await ask(program(print('a\\n'), [], { raw: 'true' })))).toBe('a\n')
  expect(shown(await ask(program(print('\\xff\\x00'))))).toEqual(Uint8Array.of(255, 0))
})

const EXITS: [code: number, options: Record<string, string>, becomes: string | undefined][] = [
  [0, {}, ''],
  [1, {}, 'unavailable'],
  [1, { absent: '1' }, undefined],
  [44, { absent: '43, 44' }, undefined],
  [66, {}, undefined],
  [66, { absent: '1' }, 'unavailable'],
  [69, {}, 'unavailable'],
  [75, {}, 'throttled'],
  [77, {}, 'denied'],
  [78, {}, 'invalid_config'],
]

test.each(EXITS)('exit code %i with %j is %s', async (code, options, becomes) => {
  expect(shown(await ask(program(`process.exitCode = ${code}`, [], options)))).toBe(becomes)
})

test('a program that is killed, or not there, or not one, is told apart', async () => {
  expect(shown(await ask(program(`process.kill(process.pid, 'SIGTERM')`)))).toBe('unavailable')
  const named = (file: string) => command({ env: {}, options: { command: file } })
  expect(shown(await ask(named(path.join(home, 'nowhere'))))).toBe('command_not_found')
  const file = path.join(home, 'plain')
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o600)
  expect(shown(await ask(named(file)))).toBe('command_not_executable')
  for (const absent of ['0', '256', 'x', '-1']) {
    expect(shown(await ask(program('', [], { absent })))).toBe('invalid_argument')
  }
})

test('it sees the usual variables, those that are named, and no others', async () => {
  const env = { HOME: '/h', LC_ALL: 'C', OP_TOKEN: 't', COFFER_MASTER_KEY: 'k', AWS_SECRET: 's' }
  const print = 'process.stdout.write(Object.keys(process.env).sort().join())'
  expect(shown(await ask(program(print, [], {}, env)))).toBe('HOME,LC_ALL,PATH')
  expect(shown(await ask(program(print, [], { env: 'OP_TOKEN, NONE' }, env)))).toBe(
    'HOME,LC_ALL,OP_TOKEN,PATH',
  )
})

test('1 MiB of output is a value, one byte more is too large', async () => {
  const print = (bytes: number) => program(`process.stdout.write('x'.repeat(${bytes}))`)
  expect(shown(await ask(print(LIMITS.valueBytesCeiling)))).toHaveLength(LIMITS.valueBytesCeiling)
  expect(shown(await ask(print(LIMITS.valueBytesCeiling + 1)))).toBe('too_large')
})

test('what it says on standard error is in no error of ours', async () => {
  const answer = await ask(program(`console.error('canary-77'); process.exit(3)`))
  expect(inspect(answer, { depth: 9 })).not.toContain('canary')
  expect(shown(answer)).toBe('unavailable')
})

test('one that hangs is killed at the deadline', async () => {
  const mark = path.join(home, 'pid')
  const hang = program(
    `require('fs').writeFileSync(${JSON.stringify(mark)}, String(process.pid)); setInterval(() => {}, 9e5)`,
  )
  const controller = new AbortController()
  const answering = ask(hang, 'k', controller.signal)
  while (!existsSync(mark) || readFileSync(mark, 'utf8') === '') {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  controller.abort(new Error('late'))
  expect(await answering).toMatchObject({ error: { message: 'late' } })
  const pid = Number(readFileSync(mark, 'utf8'))
  await expect.poll(() => isRunning(pid)).toBe(false)
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
