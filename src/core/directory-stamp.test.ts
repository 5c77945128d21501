import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryStamp } from './directory-stamp.ts'

const later = () => Date.now() + 1_000

let dir: string
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'coffer-stamp-'))
  writeFileSync(path.join(dir, 'a'), '1')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const stamp = (nowMs: number) => directoryStamp(statSync(dir), nowMs)

test('it stays while files are only written', () => {
  const before = stamp(later())
  writeFileSync(path.join(dir, 'a'), 'more')
  expect(before).toBeDefined()
  expect(stamp(later())).toBe(before)
})

test.each<[string, () => void]>([
  ['comes', () => writeFileSync(path.join(dir, 'b'), '')],
  ['goes', () => rmSync(path.join(dir, 'a'))],
  ['is given to another file', () => renameSync(path.join(dir, 'b'), path.join(dir, 'a'))],
])('it is another one after a name %s', (how, change) => {
  if (how.startsWith('is given')) writeFileSync(path.join(dir, 'b'), '2')
  const before = stamp(later())
  change()
  expect(stamp(later())).not.toBe(before)
})

test('it is absent up to 100 ms after a change, without a directory, and of whole seconds', () => {
  const ctimeMs = 1_700_000_000_000.5
  const stat = { dev: 1, ino: 2, ctimeMs }
  expect(directoryStamp(stat, ctimeMs - 1)).toBeUndefined()
  expect(directoryStamp(stat, ctimeMs + 100)).toBeUndefined()
  expect(directoryStamp(stat, ctimeMs + 101)).toBeDefined()
  expect(directoryStamp(undefined, ctimeMs + 101)).toBeUndefined()
  expect(directoryStamp({ ...stat, ctimeMs: 1_700_000_000_000 }, ctimeMs + 101)).toBeUndefined()
})
