import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { CofferError, describeError } from '../../core/errors.ts'
import { canonicalPrefix } from '../../core/path.ts'
import type { Secret } from '../../core/secret.ts'
import { configOf } from '../define.ts'
import type { Config } from '../define.ts'
import { environmentOf } from '../manifest/environment.ts'
import { fill } from '../manifest/fill.ts'
import { nodeKind } from '../node.ts'
import { environmentName } from '../options.ts'
import type { LoadOptions } from '../options.ts'
import { ConfigError } from '../problem.ts'
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
  const { manifest } = settings
  const prefix = (env: string) => prefixOf(settings, env)
  const configs = async (env: string) => {
    const own = await ownConfig(settings, env)
    return [...own, ...(module === undefined ? [] : [await importConfig(module)])]
  }
  const nameOf = (options: LoadOptions = {}) => {
    const name = environmentName(options, settings.environment)
    return manifest === undefined ? name : environmentOf(manifest, name).name
  }
  const inEnvironment = (options: LoadOptions = {}) => ({ ...options, env: nameOf(options) })
  return {
    file,
    dir,
    name: settings.project,
    environment: settings.environment,
    dataDir: settings.dataDir === undefined ? undefined : path.resolve(dir, settings.dataDir),
    configFile: module,
    hasReferences: (settings.secrets ?? manifest ?? module) !== undefined,
    manifest,
    environmentName: nameOf,
    prefix,
    references: async (env) => (await configs(env)).flatMap((config) => config.references(env)),
    async check(options) {
      const load = inEnvironment(options)
      const all = await configs(load.env)
      const reports = await Promise.all(all.map((config) => config.check(load)))
      return { ok: reports.every((r) => r.ok), fields: reports.flatMap((r) => r.fields) }
    },
    async resolveEnvironment(options) {
      const load = inEnvironment(options)
      // What the module names is in the manifest: `run` would have it twice.
      const all = await (manifest === undefined ? configs(load.env) : ownConfig(settings, load.env))
      return merge(all.map((config) => config.resolveEnvironment(load)))
    },
  }
}

/** @throws CofferError `invalid_config`, `invalid_path` */
function prefixOf({ manifest, prefix, project }: Settings, env: string): string | undefined {
  if (manifest !== undefined) return environmentOf(manifest, env).prefix
  return prefix === undefined ? undefined : canonicalPrefix(fill(prefix, { env, project }))
}

/** What the project file itself names. */
async function ownConfig(settings: Settings, env: string): Promise<Config<unknown>[]> {
  const { manifest, secrets, providers } = settings
  if (manifest !== undefined) {
    const { planOf } = await import('../manifest/plan.ts')
    return [configOf(planOf(manifest, env), { providers: manifest.providers })]
  }
  if (secrets === undefined) return []
  const prefix = (names: { readonly env: string }) => prefixOf(settings, names.env) ?? ''
  return [configOf(secrets, { prefix, providers })]
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
