import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Globals } from './globals.ts'
import type { World } from './world.ts'

export interface DataDir {
  readonly path: string
  /** What decided: for messages, and for `init`, which may propose another. */
  readonly from: 'option' | 'environment' | 'project' | 'default'
}

export const DEFAULT_DATA_DIR = '/data/secrets'

/**
 * Where the store is: `--data-dir`, `COFFER_DATA_DIR`, `dataDir` of the project that `cwd` is in,
 * `/data/secrets`. The first that says something decides; no later one is tried when it fails.
 */
export async function findDataDir(
  world: Pick<World, 'env' | 'cwd'>,
  globals: Pick<Globals, 'data-dir'>,
): Promise<DataDir> {
  const option = globals['data-dir']
  if (option !== undefined && option !== '')
    return { path: resolve(world.cwd, option), from: 'option' }
  const variable = world.env.COFFER_DATA_DIR
  if (variable !== undefined && variable !== '') {
    return { path: resolve(world.cwd, variable), from: 'environment' }
  }
  const project = await projectDataDir(world.cwd)
  if (project !== undefined) return { path: project, from: 'project' }
  return { path: DEFAULT_DATA_DIR, from: 'default' }
}

const PROJECT_FILES = [
  'coffer.config.ts',
  'coffer.config.mts',
  'coffer.config.js',
  'coffer.config.mjs',
  'coffer.yaml',
  'coffer.yml',
  'coffer.json',
]

/** A `dataDir` that needs no YAML reader: a plain or quoted scalar on one line. */
const SIMPLE =
  /^dataDir:[ \t]+(?:'([^'\n]+)'|"([^"\\\n]+)"|([\w./~@+-][^\n#:{}[\]&*!|>'"%`]*?))[ \t]*(?:#.*)?$/m

async function projectDataDir(cwd: string): Promise<string | undefined> {
  const found = nearestProjectFile(cwd)
  if (found === undefined) return undefined
  if (/\.ya?ml$/.test(found.file)) {
    if (!/^["']?dataDir/m.test(found.text)) return undefined
    const simple = SIMPLE.exec(found.text)
    const path = simple?.[1] ?? simple?.[2] ?? simple?.[3]
    if (path !== undefined) return resolve(dirname(found.file), path)
  }
  const { findProject } = await import('../config/project.ts')
  return (await findProject(cwd))?.dataDir
}

/** Looks upwards from `cwd`, and not above the repository that it is in. */
function nearestProjectFile(cwd: string): { file: string; text: string } | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    for (const name of PROJECT_FILES) {
      const file = join(folder, name)
      const text = readIfThere(file)
      if (text !== undefined) return { file, text }
    }
    if (folder === dirname(folder) || isRepository(folder)) return undefined
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    throw error
  }
}

const isRepository = (folder: string): boolean => {
  try {
    readFileSync(join(folder, '.git', 'HEAD'))
    return true
  } catch {
    return readIfThere(join(folder, '.git')) !== undefined
  }
}
