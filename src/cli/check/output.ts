import { existsSync } from 'node:fs'
import path from 'node:path'
import { usage } from '../parse.ts'
import { formatOfFile, FORMATS } from '../report/registry.ts'
import type { Format } from '../report/registry.ts'
import type { Session } from '../session.ts'
import type { OptionsOf } from '../spec.ts'
import type { check } from '../specs/check.ts'

export interface ReportsAsked {
  /** On stdout. */
  readonly shown: Format
  readonly files: readonly { readonly file: string; readonly format: Format }[]
  color(session: Session): boolean
}

/**
 * Where a report goes and what it looks like. With files, stdout shows the table.
 * @throws CofferError `invalid_argument`
 */
export function reportsAsked(
  options: Pick<OptionsOf<typeof check>, 'format' | 'out'>,
  json: boolean,
): ReportsAsked {
  const { format } = options
  if (json && format !== undefined && format !== 'json') {
    throw usage('--json and --format exclude each other.')
  }
  const files = options.out.map((written) => {
    const [, named, rest] = /^([a-z]+)=(.+)$/s.exec(written) ?? []
    const given = FORMATS.find((known) => known === named)
    const file = given === undefined ? written : (rest ?? written)
    const found = given ?? format ?? formatOfFile(file) ?? (json ? 'json' : undefined)
    if (found !== undefined) return { file, format: found }
    throw usage(`What ${file} is to look like is not said.`, 'Give --format, or FORMAT=FILE.')
  })
  const shown = json ? 'json' : files.length > 0 ? 'table' : (format ?? 'table')
  return {
    shown,
    files,
    color: ({ world, globals }) =>
      world.stdout.isTTY &&
      !globals['no-color'] &&
      !world.env.NO_COLOR &&
      world.env.TERM !== 'dumb',
  }
}

/** From the repository's root to a directory in it: ``, `apps/web/`. */
export function baseOf(dir: string, env: Readonly<Record<string, string | undefined>>): string {
  const { GITHUB_WORKSPACE: workspace, CI_PROJECT_DIR: project } = env
  const named = [workspace, project].find((root) => root !== undefined && isIn(dir, root))
  const root = named ?? repositoryOf(dir)
  const between = root === undefined ? '' : path.relative(root, dir).replaceAll(path.sep, '/')
  return between === '' ? '' : `${between}/`
}

const isIn = (dir: string, root: string): boolean =>
  root !== '' && !path.relative(root, dir).startsWith('..')

function repositoryOf(start: string): string | undefined {
  for (let dir = start; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, '.git'))) return dir
    if (dir === path.dirname(dir)) return undefined
  }
}
