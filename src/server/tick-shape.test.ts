import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

const SCRIPT = `
  const { tickShape } = await import(${JSON.stringify(new URL('./tick-shape.ts', import.meta.url).href)})
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const kept = tickShape()
  await turn()
  gc()
  const later = tickShape()
  await turn()
  console.log(kept !== later && %HaveSameMap(kept, later))
`

test('what a tick looks like outlives a collection', () => {
  const flags = ['--expose-gc', '--allow-natives-syntax', '--input-type=module']
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', SCRIPT], {
    encoding: 'utf8',
  })
  expect([stdout, stderr]).toEqual(['true\n', ''])
})
