import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { attempt, unlinkQuietly, writePrivateFile } from './files.ts'

/** Keeps a token where `readLogin` of the client finds it. */
export function writeLogin(file: string, token: string): void {
  attempt(file, 'write', () => mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 }))
  writePrivateFile(file, `${token}\n`)
}

/** Whether there was one. */
export function forgetLogin(file: string): boolean {
  const there = statSync(file, { throwIfNoEntry: false }) !== undefined
  unlinkQuietly(file)
  return there
}
