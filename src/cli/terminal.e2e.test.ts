import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bench } from './test-world.ts'

const BIN = join(import.meta.dirname, 'test-main.ts')
const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const env = store.env as Record<string, string>
const SCRIPT = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? ''

/** Runs on a terminal of its own; types each answer when its question has appeared. */
function onTerminal(
  args: readonly string[],
  dialogue: readonly (readonly [string, string])[],
): Promise<{ screen: string; code: number | null }> {
  const command = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...env, SHELL: '/bin/sh' },
  })
  let screen = ''
  let seen = 0
  const left = [...dialogue]
  child.stdout.on('data', (text) => {
    screen += String(text)
    const [next] = left
    if (next !== undefined && screen.slice(seen).includes(next[0])) {
      seen = screen.length
      left.shift()
      setTimeout(() => child.stdin.write(next[1]), 60)
    }
  })
  return new Promise((resolve) => child.once('exit', (code) => resolve({ screen, code })))
}

describe.skipIf(!SCRIPT.includes('util-linux'))('on a terminal (needs util-linux script)', () => {
  test('a value is asked for, never shown, and can be corrected while it is typed', async () => {
    const { screen, code } = await onTerminal(['set', 't/a'], [['(not shown):', 'c4n4rz\x7fy\r']])
    expect(code, screen).toBe(0)
    expect(screen).not.toContain('c4n4r')
    expect((await store.run(['get', 't/a'])).out).toBe('c4n4ry')
  })

  test('several pasted lines are refused rather than cut off', async () => {
    const { screen, code } = await onTerminal(['set', 't/lines'], [['(not shown):', 'one\rtwo\r']])
    expect([code, screen.includes('--file')], screen).toEqual([65, true])
    expect((await store.run(['get', 't/lines'])).code).toBe(66)
  })

  test('Ctrl-C at the prompt stores nothing', async () => {
    const { screen, code } = await onTerminal(['set', 't/none'], [['(not shown):', 'abc\x03']])
    expect([code, screen.includes('cancelled')], screen).toEqual([75, true])
    expect((await store.run(['get', 't/none'])).code).toBe(66)
  })

  test('what cannot be undone is asked about; anything but yes is no', async () => {
    await store.run(['set', 't/gone'], { input: 'x' })
    const no = await onTerminal(['destroy', 't/gone', '--all'], [['[y/N]', '\r']])
    expect(no.code, no.screen).toBe(75)
    const yes = await onTerminal(['destroy', 't/gone', '--all'], [['[y/N]', 'y\r']])
    expect(yes.code, yes.screen).toBe(0)
    expect((await store.run(['show', 't/gone'])).code).toBe(66)
  })

  test('values are shown on a line of their own; tables have colour, and --no-color has none', async () => {
    await store.run(['set', 't/shown'], { input: 'plain' })
    expect((await onTerminal(['get', 't/shown'], [])).screen).toBe('plain\r\n')
    expect((await onTerminal(['history', 't/shown'], [])).screen).toContain('\x1b[')
    expect((await onTerminal(['history', 't/shown', '--no-color'], [])).screen).not.toContain(
      '\x1b[',
    )
  })

  test('a command that is run keeps the terminal', async () => {
    const { screen } = await onTerminal(
      [
        'run',
        '--prefix',
        't',
        '--',
        'sh',
        '-c',
        'test -t 0 && test -t 1 && stty -a | grep -o " echo " && echo terminal',
      ],
      [],
    )
    expect(screen).toContain('terminal')
  })
})

test('a reader that goes away is no error', () => {
  const script = `"$0" "$1" help | true; echo "\${PIPESTATUS[0]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, BIN], {
    encoding: 'utf8',
    env,
  })
  expect(stderr).toBe('')
  expect(['0\n', '141\n']).toContain(stdout)
})
