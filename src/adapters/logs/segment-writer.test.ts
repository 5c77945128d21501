import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { quickFs } from '../../../test/audit/scratch-log.ts'
import { SegmentWriter } from './segment-writer.ts'
import { segmentFile } from './segments.ts'

test('a segment that is another file now has changed at every look, also in a directory that rests', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-writer-'))
  const writer = new SegmentWriter(quickFs, dir, 1_000)
  onTestFinished(() => {
    writer.close()
    rmSync(dir, { recursive: true })
  })
  writer.append({ segment: 1, bytes: 0 }, 0, Buffer.from('line\n'))
  const end = { segment: 1, bytes: 5, seq: 1, hash: '', generation: 0, signedSeq: 0 }
  const stamp = (ctimeMs: number) => ({ dev: 1, ino: 2, ctimeMs })
  for (const at of [1.5, 1.5]) expect(writer.unchanged(end, stamp(at))).toBe(true)
  const file = segmentFile(dir, 1)
  copyFileSync(file, `${file}.other`)
  renameSync(`${file}.other`, file)
  for (const at of [2.5, 2.5]) expect(writer.unchanged(end, stamp(at))).toBe(false)
})
