/**
 * Opens the lock, takes it and closes it again, so many times: `lock-opener.ts FILE TIMES`. Prints how
 * often it found somebody else inside, and how often it removed a file.
 */
import { closeSync, openSync, unlinkSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { nodeFs } from '../../src/adapters/logs/log-fs.ts'
import { ProcessLock } from '../../src/adapters/logs/process-lock.ts'

const [file = '', times = '0'] = process.argv.slice(2)
let met = 0
let removed = 0
const fs = { ...nodeFs, remove: () => void (removed += 1) }

for (let n = 0; n < Number(times); n++) {
  const lock = new ProcessLock(file, fs, { random: randomBytes, timeoutMs: 60_000 })
  await lock.acquire()
  const inside = `${file}.inside`
  try {
    closeSync(openSync(inside, 'wx'))
    unlinkSync(inside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    met += 1
  }
  lock.release()
  lock.close()
}
console.log(`${met} met, ${removed} removed`)
