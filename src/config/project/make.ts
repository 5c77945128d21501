import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { CofferError } from '../../core/errors.ts'
import { canonicalPrefix } from '../../core/path.ts'
import type { Secret } from '../../core/secret.ts'
import { configOf } from '../define.ts'
import type { Config } from '../define.ts'
import { nodeKind } from '../node.ts'
import { environmentName } from '../options.ts'
import type { LoadOptions } from '../options.ts'
import { ConfigError, describeError } from '../problem.ts'
import type { Problem } from '../problem.ts'
import type { Project } from '../project.ts'
import type { Settings } from './read.ts'

export interface ProjectFiles {
  readonly dir: string
  readonly file: string
  /** Beside `file`; `settings.config` stands before it. */
  readonly configFile: string | undefined
  readonly settings: Settings
}

export function makeProject({ dir, file, configFile, settings }: ProjectFiles): Project {
  const moduleName = settings.config ?? configFile
  const module = moduleName === undefined ? undefined : path.resolve(dir, moduleName)
  const prefix = (env: string) =>
    settings.prefix === undefined ? undefined : fillPrefix(settings, env)
  const own =
    settings.secrets === undefined
      ? []
      : [configOf(settings.secrets, { prefix: ({ env }) => prefix(env) ?? '' })]
  const configs = async () => (module === undefined ? own : [...own, await importConfig(module)])
  const nameOf = (options: LoadOptions = {}) => {
    const vars = options.processEnv ?? process.env
    const env = options.env ?? (vars['COFFER_ENV'] || settings.environment)
    return environmentName({ ...options, env })
  }
  const inEnvironment = (options: LoadOptions = {}) => ({ ...options, env: nameOf(options) })
  return {
    file,
    dir,
    name: settings.project,
    environment: settings.environment,
    dataDir: settings.dataDir === undefined ? undefined : path.resolve(dir, settings.dataDir),
    configFile: module,
    hasReferences: own.length > 0 || module !== undefined,
    environmentName: nameOf,
    prefix,
    references: async (env) => (await configs()).flatMap((config) => config.references(env)),
    async check(options) {
      const load = inEnvironment(options)
      const reports = await Promise.all((await configs()).map((config) => config.check(load)))
      return { ok: reports.every((r) => r.ok), fields: reports.flatMap((r) => r.fields) }
    },
    async resolveEnvironment(options) {
      const load = inEnvironment(options)
      return merge((await configs()).map((config) => config.resolveEnvironment(load)))
    },
  }
}

/** @throws CofferError `invalid_config`, `invalid_path` */
function fillPrefix({ prefix = '', project }: Settings, env: string): string {
  const filled = prefix.replace(/\$\{(\w*)\}/g, (_, name: string) => {
    const value = name === 'env' ? env : name === 'project' ? project : undefined
    if (value !== undefined) return value
    throw new CofferError(
      'invalid_config',
      'A prefix knows ${env}, and ${project} where it is set.',
    )
  })
  return canonicalPrefix(filled)
}

async function importConfig(file: string): Promise<Config<unknown>> {
  const name = path.basename(file)
  let loaded: { default?: unknown }
  try {
    loaded = await import(pathToFileURL(file).href)
  } catch (cause) {
    throw new CofferError('invalid_config', `${name} could not be loaded.`, {
      remedy: `Run it by itself to see why: node ${name}`,
      cause,
    })
  }
  if (nodeKind(loaded.default) === 'config') return loaded.default as Config<unknown>
  throw new CofferError('invalid_config', `${name} has no configuration as its default export.`, {
    remedy: 'Write: export default defineConfig({ … })',
  })
}

/** @throws ConfigError with the problems of all */
async function merge(
  resolving: readonly Promise<Map<string, Secret<string>>>[],
): Promise<Map<string, Secret<string>>> {
  const merged = new Map<string, Secret<string>>()
  const problems: Problem[] = []
  for (const result of await Promise.allSettled(resolving)) {
    if (result.status === 'rejected') {
      if (!(result.reason instanceof ConfigError)) throw result.reason
      problems.push(...result.reason.problems)
      continue
    }
    for (const [name, secret] of result.value) {
      if (merged.has(name)) problems.push(collision(name))
      merged.set(name, secret)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return merged
}

const collision = (name: string): Problem => ({
  field: name,
  reference: '',
  provider: '',
  ...describeError(
    new CofferError('env_collision', `Both coffer.yaml and the configuration make ${name}.`),
  ),
})
