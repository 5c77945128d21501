import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** What V8 says of flags that it does not know, when this server would set them. */
function complaintsOf(...flags: readonly string[]): string {
  const room = new URL('./room.ts', import.meta.url).href
  const script = `import(${JSON.stringify(room)}).then((m) => m.lookThroughMemoryRarely())`
  const { stderr, status } = spawnSync(process.execPath, [...flags, '-e', script], {
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  return stderr
}

test('this Node knows the flags of a server that has room', () => {
  expect(complaintsOf('--max-semi-space-size=64')).toBe('')
  expect(complaintsOf()).toBe('')
})
