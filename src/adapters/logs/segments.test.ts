import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { nodeFs } from './log-fs.ts'
import { CHUNK_BYTES, linesBackward, linesForward } from './segments.ts'

test.each([
  ['short lines', (i: number) => (i * 37) % 700],
  ['lines longer than what is read first', (i: number) => (i * 4_099) % 9_000],
  ['lines that end where a read begins', (i: number) => [4_095, 8_191, 1_023][i % 3]!],
])('%s are the same backward as forward, and a torn one is left out', (_, lengthOf) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-segments-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const lines: string[] = []
  for (let bytes = 0; bytes < 1.5 * CHUNK_BYTES; bytes += lines.at(-1)!.length + 1) {
    lines.push(String.fromCharCode(97 + (lines.length % 26)).repeat(lengthOf(lines.length)))
  }
  for (const torn of ['', 'half of a l']) {
    const text = lines.map((line) => `${line}\n`).join('') + torn
    const file = path.join(dir, '000000001.jsonl')
    writeFileSync(file, text)
    const fd = nodeFs.open(file, 'read')
    const forward = [...linesForward(nodeFs, fd, 0, text.length)]
    const backward = [...linesBackward(nodeFs, fd, text.length)]
    nodeFs.close(fd)
    expect(forward.map((line) => line.text).join('\n') === lines.join('\n')).toBe(true)
    expect(backward).toHaveLength(forward.length)
    const differs = forward.toReversed().findIndex((line, i) => {
      const other = backward[i]!
      return line.text !== other.text || line.end !== other.end
    })
    expect(differs).toBe(-1)
  }
})
