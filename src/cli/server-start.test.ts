import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { GLOBAL_OPTIONS } from './globals.ts'
import type { OptionSpec } from './spec.ts'

const dir = mkdtempSync(join(tmpdir(), 'coffer-start-'))
afterAll(() => rmSync(dir, { recursive: true }))

mkdirSync(join(dir, 'bin'))
mkdirSync(join(dir, 'dist'))
writeFileSync(join(dir, 'package.json'), '{"type":"module"}')
copyFileSync(join(import.meta.dirname, '../../bin/coffer.js'), join(dir, 'bin/coffer.js'))
writeFileSync(
  join(dir, 'dist/cli.js'),
  'export const main = () => console.log(JSON.stringify([process.execArgv, process.argv.slice(2)]))\n',
)

function started(args: readonly string[], env: Readonly<Record<string, string>> = {}): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [join(dir, 'bin/coffer.js'), ...args], {
    env: { PATH: process.env['PATH'], HOME: dir, ...env },
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

test.skipIf(process.execve === undefined)('a server starts with room for its garbage', () => {
  expect(started(['serve', '--http', 'a b'])).toEqual([
    ['--max-semi-space-size=64'],
    ['serve', '--http', 'a b'],
  ])
})

test.skipIf(process.execve === undefined)(
  'and with options before its name, whichever they are',
  () => {
    for (const [name, option] of Object.entries<OptionSpec>(GLOBAL_OPTIONS)) {
      const ways =
        option.type === 'boolean' ? [[`--${name}`]] : [[`--${name}`, 'a'], [`--${name}=a`]]
      if (option.short !== undefined) ways.push([`-${option.short}`])
      for (const way of ways) {
        const args = [...way, 'serve', '--http']
        expect(started(args)).toEqual([['--max-semi-space-size=64'], args])
      }
    }
    expect(started(['--as', 'serve', 'get', 'a'])).toEqual([[], ['--as', 'serve', 'get', 'a']])
  },
)

test.skipIf(process.execve === undefined)(
  'what it reads, what it ends with and who started it stay as they were',
  () => {
    const other = join(dir, 'dist/cli.js')
    const before = readFileSync(other)
    writeFileSync(
      other,
      `import { readFileSync } from 'node:fs'
      export const main = () => {
        console.log(readFileSync(0, 'utf8'), process.ppid, process.env.GIVEN)
        process.exitCode = 69
      }`,
    )
    const { status, stdout } = spawnSync(process.execPath, [join(dir, 'bin/coffer.js'), 'serve'], {
      env: { HOME: dir, GIVEN: 'a=b' },
      input: 'a share',
      encoding: 'utf8',
    })
    writeFileSync(other, before)
    expect([status, stdout]).toEqual([69, `a share ${process.pid} a=b\n`])
  },
)

test('what somebody says of the memory of a server stands, and no other command takes more', () => {
  const NODE_OPTIONS = '--max-semi-space-size=16'
  expect(started(['serve'], { NODE_OPTIONS })).toEqual([[], ['serve']])
  const otherwise = { NODE_OPTIONS: '--max_semi_space_size=16' }
  expect(started(['serve'], otherwise)).toEqual([[], ['serve']])
  expect(started(['get', 'serve'])).toEqual([[], ['get', 'serve']])
})

test('where Node may start nothing, it serves as it is', () => {
  const NODE_OPTIONS = '--permission --allow-fs-read=* --allow-fs-write=*'
  expect(started(['serve'], { NODE_OPTIONS })).toEqual([[], ['serve']])
})
