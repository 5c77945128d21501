import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'

const CANARY = 'canary-c41f92e0-not-to-be-kept'
const PROGRAM = `
import { getHeapSnapshot } from 'node:v8'
import { defineConfig, secretRef } from '${new URL('index.ts', import.meta.url).href}'
const schema = (make) => ({ '~standard': { version: 1, vendor: 'x', validate: (v) => ({ value: make(v) }) } })
const providers = { here: { kind: 'file', dir: process.argv[1] } }
const cfg = await defineConfig({
  plain: secretRef('here:value'),
  text: secretRef('here:value', schema((text) => text)),
  bytes: secretRef('here:value', schema((text) => Buffer.from(text))),
  data: secretRef('here:value', schema((text) => ({ deep: [text] }))),
}).load({ providers, processEnv: {} })
const parts = await Array.fromAsync(getHeapSnapshot())
// The needle is put together here, so that it does not find itself.
const held = Buffer.concat(parts.map((part) => Buffer.from(part))).includes(['c41f92e0', 'not'].join('-'))
console.log(held, cfg.data.reveal().deep[0].length)`

test('while a configuration is in use, no string of a value stays on the heap', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-heap-'))
  writeFileSync(path.join(dir, 'value'), CANARY)
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM, dir])
  rmSync(dir, { recursive: true })
  expect(out.toString().trim()).toBe(`false ${CANARY.length}`)
})
