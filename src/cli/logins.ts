import { mkdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CofferError } from '../core/errors.ts'
import { attempt, readFile, unlinkQuietly, writePrivateFile } from './files.ts'
import type { World } from './world.ts'

/**
 * Tokens that `coffer login` got, one file for each server, below the user's configuration
 * directory; 0600, in a directory of 0700.
 */
export function loginFile(env: World['env'], address: string): string {
  const { COFFER_CONFIG_DIR: own, XDG_CONFIG_HOME: shared, HOME: home } = env
  const dir = own ?? join(shared ?? join(home ?? homedir(), '.config'), 'coffer')
  const name = URL.canParse(address) ? new URL(address).href.replace(/\/+$/, '') : address
  return join(dir, 'logins', encodeURIComponent(name).slice(0, NAME_CHARS_MAX))
}

/** Undefined where nobody logged in. @throws CofferError `key_exposed` when others can read it */
export function readLogin(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if ((stat.mode & OTHERS) !== 0) {
    throw new CofferError('key_exposed', `Others can read the token in ${file}.`, {
      remedy: 'Log in again with `coffer login`, and revoke that token.',
    })
  }
  return Buffer.from(readFile(file, TOKEN_BYTES_MAX)).toString('utf8')
}

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

const NAME_CHARS_MAX = 200
const TOKEN_BYTES_MAX = 65_536
const OTHERS = 0o077
