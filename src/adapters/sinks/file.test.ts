import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { sinkContract } from '../../testing/sink-contract.ts'
import { fileSink } from './file.ts'

const dir = mkdtempSync(path.join(tmpdir(), 'coffer-sink-'))
afterAll(() => rmSync(dir, { recursive: true }))
let made = 0

sinkContract('file', () => {
  const file = path.join(dir, `${++made}.jsonl`)
  return {
    open: () => fileSink({ file }),
    held: async () =>
      existsSync(file) ? readFileSync(file, 'latin1').split('\n').slice(0, -1) : [],
  }
})
