import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const BIN = join(import.meta.dirname, '../../bin/coffer.js')
const OLD = '/usr/bin/node'
const major = existsSync(OLD)
  ? Number(
      spawnSync(OLD, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.split('.')[0],
    )
  : 99

test.skipIf(major >= 24)('an older Node is told what is needed, in one line', () => {
  const { status, stdout, stderr } = spawnSync(OLD, [BIN, 'list'], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([70, ''])
  expect(stderr).toMatch(
    /^coffer needs Node >= 24\.16; this is v\d+\.\d+\.\d+ [^\n]*npm install[^\n]*\n$/,
  )
})

test('compiled code is kept only in a folder that nobody else can write', () => {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-cache-'))
  const app = join(dir, 'app')
  mkdirSync(join(app, 'bin'), { recursive: true })
  mkdirSync(join(app, 'dist'))
  writeFileSync(join(app, 'package.json'), '{"type":"module"}')
  copyFileSync(BIN, join(app, 'bin/coffer.js'))
  writeFileSync(join(app, 'dist/cli.js'), 'export const main = () => {}\n')
  const kept = (name: string, mode: number, parentMode = 0o755): boolean => {
    const home = join(dir, name)
    mkdirSync(join(home, 'coffer'), { recursive: true })
    chmodSync(join(home, 'coffer'), mode)
    chmodSync(home, parentMode)
    const env = { PATH: process.env.PATH, XDG_CACHE_HOME: home }
    const { status } = spawnSync(process.execPath, [join(app, 'bin/coffer.js')], { env })
    expect(status).toBe(0)
    return readdirSync(join(home, 'coffer')).length > 0
  }
  expect(kept('private', 0o700)).toBe(true)
  expect(kept('open', 0o755)).toBe(false)
  expect(kept('group', 0o770)).toBe(false)
  expect(kept('below', 0o700, 0o777)).toBe(false)
  rmSync(dir, { recursive: true })
})

test('the program keeps to the syntax and the modules of old Nodes', () => {
  const text = readFileSync(BIN, 'utf8')
  expect(text).not.toMatch(/\?\.|\?\?|=>|node:|\bawait\b|`|#!(?!\/usr)/)
})
