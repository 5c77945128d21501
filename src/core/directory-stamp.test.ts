import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KnownNames, directoryStamp } from './directory-stamp.ts'

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
  expect(stamp(later())).toEqual(before)
})

test.each<[string, () => void]>([
  ['comes', () => writeFileSync(path.join(dir, 'b'), '')],
  ['goes', () => rmSync(path.join(dir, 'a'))],
  ['is given to another file', () => renameSync(path.join(dir, 'b'), path.join(dir, 'a'))],
])('it is another one after a name %s', (how, change) => {
  if (how.startsWith('is given')) writeFileSync(path.join(dir, 'b'), '2')
  const before = stamp(later())
  change()
  expect(stamp(later())).not.toEqual(before)
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

test('what was learnt holds while the stamp stays, and for so many looks', () => {
  const names = new KnownNames()
  const stamp = { dev: 1, ino: 2, ctimeMs: 3.5 }
  expect(names.hold(stamp)).toBe(false)
  names.learn(stamp)
  expect(names.hold({ ...stamp })).toBe(true)
  expect(names.hold({ ...stamp, dev: 9 })).toBe(false)
  expect(names.hold({ ...stamp, ino: 9 })).toBe(false)
  expect(names.hold({ ...stamp, ctimeMs: 9 })).toBe(false)
  expect(names.hold(undefined)).toBe(false)
  names.forget()
  expect(names.hold(stamp)).toBe(false)
  names.learn(stamp)
  const held = Array.from({ length: 64 }, () => names.hold(stamp))
  expect(held.lastIndexOf(true)).toBe(62)
  names.learn(undefined)
  expect(names.hold(undefined)).toBe(false)
})
