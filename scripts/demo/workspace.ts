import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..', '..')

/** A copy of an example in a temporary directory, with this checkout installed as its package. */
export interface Workspace {
  readonly dir: string
  readonly bin: string
  /** Without any key, and with a home of its own: nothing outside the directory is touched. */
  readonly env: NodeJS.ProcessEnv
  remove(): void
}

export function copyExample(name: string): Workspace {
  const base = mkdtempSync(path.join(tmpdir(), 'coffer-demo-'))
  const dir = path.join(base, name)
  cpSync(path.join(root, 'examples', name), dir, { recursive: true })
  mkdirSync(path.join(dir, 'node_modules'))
  symlinkSync(root, path.join(dir, 'node_modules', 'coffer'), 'junction')
  symlinkSync(
    path.join(root, 'node_modules', 'zod'),
    path.join(dir, 'node_modules', 'zod'),
    'junction',
  )
  const home = path.join(base, 'home')
  mkdirSync(home)
  return {
    dir,
    bin: path.join(root, 'bin', 'coffer.js'),
    env: { ...withoutOurs(process.env), HOME: home, XDG_CONFIG_HOME: path.join(home, '.config') },
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}

/** The demo is the same on every machine: no setting of this one reaches it. */
const withoutOurs = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(COFFER_|OBSERVABILITY_MASTER_KEY$|NODE_ENV$|npm_|PORT$)/.test(name),
    ),
  )
