import { isAbsolute, resolve } from 'node:path'
import type { Project } from '../config/project.ts'
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
  findProject: () => Promise<Project | undefined>,
): Promise<DataDir> {
  const option = globals['data-dir']
  if (option !== undefined && option !== '')
    return { path: absolute(option, world), from: 'option' }
  const variable = world.env.COFFER_DATA_DIR
  if (variable !== undefined && variable !== '') {
    return { path: absolute(variable, world), from: 'environment' }
  }
  const project = (await findProject())?.dataDir
  if (project !== undefined) return { path: project, from: 'project' }
  return { path: DEFAULT_DATA_DIR, from: 'default' }
}

/** The working directory is not asked for where it does not matter: it may be gone. */
const absolute = (path: string, world: Pick<World, 'cwd'>): string =>
  isAbsolute(path) ? resolve(path) : resolve(world.cwd, path)
