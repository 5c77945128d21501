import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'

/**
 * Every run has a folder for temporary files of its own, so that what a test leaves behind is known to
 * be this run's, and is gone with it. What a run that was killed left, the next takes away.
 * @throws Error after the tests, when any of them left something
 */
export default function ownTmp(): () => void {
  const shared = tmpdir()
  sweep(shared)
  const own = mkdtempSync(path.join(shared, `${NAME}${process.pid}-`))
  // What is run as another user for a test reaches its own folder below.
  chmodSync(own, 0o711)
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = own
  return () => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    const left = readdirSync(own).filter((name) => name.startsWith('coffer-'))
    rmSync(own, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`Tests left folders behind: ${left.join(', ')}`)
  }
}

const NAME = 'coffer-tests-'

function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = new RegExp(`^${NAME}(\\d+)-`).exec(name) ?? []
    if (pid === undefined || isAlive(Number(pid))) continue
    rmSync(path.join(folder, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
