import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { CofferError } from '../../core/errors.ts'
import type { Project } from '../project.ts'
import { makeProject } from './make.ts'
import type { ProjectFiles } from './make.ts'
import { readSettings } from './read.ts'

/** See `findProject`. */
export async function find(start: string): Promise<Project | undefined> {
  const files = await findFiles(start)
  return files === undefined ? undefined : makeProject(files)
}

/** What makes the project that `start` is in, read and not yet made one. @throws ConfigError */
export async function findFiles(start: string): Promise<ProjectFiles | undefined> {
  for (const dir of upwards(path.resolve(start))) {
    const settings = present(dir, SETTINGS)
    const [configFile] = present(dir, MODULES)
    if (settings.length > 1) {
      throw new CofferError('invalid_config', `${dir} has both ${settings.join(' and ')}.`, {
        remedy: 'Keep one of them.',
      })
    }
    const [file = configFile] = settings
    if (file === undefined) continue
    const read = settings.length === 0 ? {} : await readSettings(path.join(dir, file))
    return { dir, file: path.join(dir, file), configFile, settings: read }
  }
  return undefined
}

const SETTINGS = ['coffer.yaml', 'coffer.yml', 'coffer.json']
const MODULES = ['ts', 'mts', 'js', 'mjs'].map((ext) => `coffer.config.${ext}`)
const OTHERS_MAY_WRITE = 0o002

const present = (dir: string, names: readonly string[]) =>
  names.filter((name) => existsSync(path.join(dir, name)))

/** What lies in a directory like /tmp may be anybody's: it counts only where one starts. */
function* upwards(start: string): Generator<string> {
  for (let dir = start; ; dir = path.dirname(dir)) {
    const stats = statSync(dir, { throwIfNoEntry: false })
    if (dir !== start && ((stats?.mode ?? 0) & OTHERS_MAY_WRITE) !== 0) return
    yield dir
    if (dir === path.dirname(dir) || existsSync(path.join(dir, '.git'))) return
  }
}
