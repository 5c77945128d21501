import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { newHome } from '../support/platform.ts'

const WORKER = fileURLToPath(new URL('./canary-worker.ts', import.meta.url))

test('a value is found neither in the heap, nor in files, errors or print', async () => {
  const home = await newHome()
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--expose-gc', WORKER, home.dir],
    { env: { ...home.options.env, COFFER_DATA_DIR: home.dataDir }, timeout: 60_000 },
  )
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual([])
}, 60_000)
