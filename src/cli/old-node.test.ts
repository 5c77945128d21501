import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
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
  expect(stderr).toMatch(/^coffer needs Node >= 24\.16; this is v\d+\.\d+\.\d+ [^\n]*\n$/)
})

test('the program keeps to the syntax and the modules of old Nodes', () => {
  const text = readFileSync(BIN, 'utf8')
  expect(text).not.toMatch(/\?\.|\?\?|=>|node:|\bawait\b|`|#!(?!\/usr)/)
})
