import fs from 'node:fs'
import path from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Where Coffer keeps what it knows of this machine: `COFFER_STATE_DIR`, else `coffer` in
 * `XDG_STATE_HOME`, else `~/.local/state/coffer` (on Windows `%LOCALAPPDATA%\coffer`). Nothing in it
 * is needed: it may be deleted at any time.
 * @returns undefined where the environment names none of them
 */
export function stateDir(env: Environment): string | undefined {
  if (isSet(env.COFFER_STATE_DIR)) return path.resolve(env.COFFER_STATE_DIR)
  // The specification of base directories: a relative one is to be ignored.
  if (isSet(env.XDG_STATE_HOME) && path.isAbsolute(env.XDG_STATE_HOME)) {
    return path.join(env.XDG_STATE_HOME, 'coffer')
  }
  if (isSet(env.LOCALAPPDATA)) return path.join(env.LOCALAPPDATA, 'coffer')
  return isSet(env.HOME) ? path.join(env.HOME, '.local', 'state', 'coffer') : undefined
}

/**
 * A folder of it, which need not be there yet. Who shares the state directory with others (one in /tmp)
 * goes by nothing that they put there: by a link, what is old would be removed somewhere else.
 * @returns undefined also where it is a link, somebody else's, or one that others may write to
 */
export function stateFolder(env: Environment, name: string): string | undefined {
  const dir = stateDir(env)
  const folder = dir === undefined ? undefined : path.join(dir, name)
  return folder === undefined || isForeign(folder) ? undefined : folder
}

function isForeign(folder: string): boolean {
  try {
    const stats = fs.lstatSync(folder)
    if (!stats.isDirectory()) return true
    const user = process.getuid?.()
    return user !== undefined && (stats.uid !== user || (stats.mode & OTHERS_WRITE) !== 0)
  } catch {
    return false
  }
}

const OTHERS_WRITE = 0o022

const isSet = (text: string | undefined): text is string => text !== undefined && text !== ''
