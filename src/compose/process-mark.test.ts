import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isGone, processMark } from './process-mark.ts'

const mark = processMark()

/** As that process says it of itself. */
const markOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  return `${pid}.${start}@${mark?.split('@')[1]}`
}

test.skipIf(process.platform !== 'linux')('who lives is not gone, who was killed is', async () => {
  expect(mark).toMatch(/^\d+\.\d+@[0-9a-f]{16}$/)
  expect(isGone(mark ?? '')).toBe(false)
  const child = spawn('sleep', ['60'])
  const other = markOf(child.pid ?? 0)
  expect(isGone(other)).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isGone(other)).toBe(true)
})

test.skipIf(process.platform !== 'linux')(
  'who is not shown is not gone while he lives: the lease of another user stands',
  async () => {
    const hidden = () => {
      throw new Error('ENOENT')
    }
    const child = spawn('sleep', ['60'])
    const other = markOf(child.pid ?? 0)
    expect(isGone(other, hidden)).toBe(false)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(isGone(other, hidden)).toBe(true)
  },
)

test.skipIf(process.platform !== 'linux')(
  'a number that another process has now is no sign of life',
  () => {
    const [pid = ''] = (mark ?? '').split('.')
    expect(isGone(`${pid}.1@${mark?.split('@')[1]}`)).toBe(true)
  },
)

test.each(['', '1.1', '999999999.1@0123456789abcdef', 'x.y@z', `1.1@${'0'.repeat(16)} `])(
  'of %j nothing is known',
  (text) => expect(isGone(text)).toBe(false),
)
