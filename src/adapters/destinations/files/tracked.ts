import { LIMITS } from '../../../core/limits.ts'
import type { FilePlace } from './place.ts'

/**
 * What to be warned of where the file lies in a Git work tree that does not ignore it: the next
 * `git add` would publish it. Git itself is asked, within `gitTimeoutMs`; without Git, outside of a
 * work tree, or when it does not answer, there is nothing to say.
 */
export async function warnedOfGit(
  { dir, file, shown }: FilePlace,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const { execFile } = await import('node:child_process')
  const code = await new Promise<unknown>((resolve) => {
    const child = execFile(
      'git',
      ['-c', 'core.fsmonitor=false', 'check-ignore', '-q', '--', file],
      { cwd: dir, env: environmentOf(env), timeout: LIMITS.gitTimeoutMs, killSignal: 'SIGKILL' },
      (error) => resolve(error?.code ?? child.exitCode),
    )
    child.stdin?.end()
  })
  if (code !== NOT_IGNORED) return []
  // To Git these stand for other characters.
  const line = `/${shown.replace(/[[\]?]/g, '\\$&')}`
  return [
    `${shown} lies in a Git work tree that does not ignore it: add the line ${line} to the .gitignore beside coffer.yaml.`,
  ]
}

/** Of `git check-ignore`; 128 is outside of a work tree. */
const NOT_IGNORED = 1

/** Where Git and its settings are, and none of the tokens that may stand beside. */
const environmentOf = (env: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(
    ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'SystemRoot', 'USERPROFILE'].map((name) => [
      name,
      env[name],
    ]),
  )
