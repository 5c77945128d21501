import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { quickFs } from '../../../test/audit/scratch-log.ts'
import { Reserve } from './reserve.ts'

const stamp = (ctimeMs: number) => ({ dev: 1, ino: 2, ctimeMs })

function reserveIn() {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-reserve-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const file = path.join(dir, 'reserve')
  const looks: string[] = []
  const fs: typeof quickFs = { ...quickFs, stat: (name) => (looks.push(name), quickFs.stat(name)) }
  return { reserve: new Reserve(dir, fs), file, looks }
}

test('it is looked at once while the directory stays as it was, and made anew when it is gone', () => {
  const { reserve, file, looks } = reserveIn()
  for (const at of [1.5, 1.5, 1.5]) expect(reserve.make(stamp(at))).toBe(true)
  expect(looks).toHaveLength(2)
  rmSync(file)
  expect(reserve.make(stamp(2.5))).toBe(true)
  expect(statSync(file).size).toBe(1_048_576)
})

test('it is made anew after it was given up, whatever the directory says', () => {
  const { reserve, file } = reserveIn()
  for (const at of [1.5, 1.5]) reserve.make(stamp(at))
  reserve.giveUp()
  expect(reserve.make(stamp(1.5))).toBe(true)
  expect(statSync(file).size).toBe(1_048_576)
})

test('one that was truncated in place is found out within 64 calls', () => {
  const { reserve, file } = reserveIn()
  for (const at of [1.5, 1.5]) reserve.make(stamp(at))
  truncateSync(file, 0)
  for (let call = 0; call < 64; call++) reserve.make(stamp(1.5))
  expect(statSync(file).size).toBe(1_048_576)
})
