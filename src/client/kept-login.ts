import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/**
 * Where `coffer login` keeps the token for a server: one file for each address, below the user's
 * configuration directory; 0600, in a directory of 0700.
 */
export function loginFile(
  env: Readonly<Record<string, string | undefined>>,
  address: string,
): string {
  const { COFFER_CONFIG_DIR: own, XDG_CONFIG_HOME: shared, HOME: home } = env
  const dir = own ?? join(shared ?? join(home ?? homedir(), '.config'), 'coffer')
  const name = URL.canParse(address) ? new URL(address).href.replace(/\/+$/, '') : address
  return join(dir, 'logins', encodeURIComponent(name).slice(0, NAME_CHARS_MAX))
}

/**
 * The token in it; undefined where nobody logged in.
 * @throws CofferError `key_exposed` when others can read it, `unavailable` when it cannot be read
 */
export async function readLogin(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file)
    try {
      const { mode, size } = await handle.stat()
      if ((mode & OTHERS) !== 0) throw exposed(file)
      if (size > LIMITS.bearerCharsMax + NEWLINE) throw unreadable(file, 'EFBIG')
      return (await handle.readFile('utf8')).trim()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof CofferError) throw error
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unreadable(file, code)
  }
}

const exposed = (file: string) =>
  new CofferError('key_exposed', `Others can read the token in ${file}.`, {
    remedy: 'Log in again with `coffer login`, and revoke that token.',
  })

const unreadable = (file: string, code: string) =>
  new CofferError('unavailable', `The token in ${file} cannot be read (${code}).`, {
    remedy: 'Log in again with `coffer login`.',
  })

const NAME_CHARS_MAX = 200
const NEWLINE = 1
const OTHERS = 0o077
