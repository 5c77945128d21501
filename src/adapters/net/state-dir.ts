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

const isSet = (text: string | undefined): text is string => text !== undefined && text !== ''
