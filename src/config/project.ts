import type { Secret } from '../core/secret.ts'
import type { CheckReport, ConfigReference } from './define.ts'
import type { Manifest } from './manifest/manifest.ts'
import type { LoadOptions } from './options.ts'

/** A project that was found from a directory upwards: what `coffer` commands without paths use. */
export interface Project {
  /** The file that made it one: `coffer.yaml`, `coffer.json`, else `coffer.config.{ts,mts,js,mjs}`. */
  readonly file: string
  /** The directory of `file`. */
  readonly dir: string
  /** `project` of coffer.yaml. */
  readonly name?: string | undefined
  /** `environment` of coffer.yaml: the default of `LoadOptions.env` here. */
  readonly environment?: string | undefined
  /** Absolute. From coffer.yaml or coffer.json only: finding a project runs none of its code. */
  readonly dataDir?: string | undefined
  /** The module that `load`s, absolute, when there is one. */
  readonly configFile?: string | undefined
  /** Whether it names secrets, by coffer.yaml's `secrets` or by its module. */
  readonly hasReferences: boolean
  /** What each environment needs, where coffer.yaml has `environments`. */
  readonly manifest?: Manifest | undefined
  /**
   * The environment's name, as `load` decides it, with `environment` as the default; one that a
   * manifest does not list is refused.
   * @throws CofferError `invalid_config`
   */
  environmentName(options?: LoadOptions): string
  /** The prefix of coffer.yaml in this environment, canonical; undefined when it gives none. */
  prefix(env: string): string | undefined
  /**
   * Runs the project's module when it has one, as do the next two; `resolveEnvironment` goes by the
   * manifest alone where there is one.
   */
  references(env: string): Promise<ConfigReference[]>
  check(options?: LoadOptions): Promise<CheckReport>
  resolveEnvironment(options?: LoadOptions): Promise<Map<string, Secret<string>>>
}

/**
 * Looks for `coffer.yaml`, `coffer.json` or `coffer.config.{ts,mts,js,mjs}` in `dir` and upwards, until
 * a directory with `.git`, one that everybody may write to, or the root. No code of the project is
 * run.
 * @throws ConfigError for a coffer.yaml that is malformed, with line and column
 */
export async function findProject(dir: string): Promise<Project | undefined> {
  const { find } = await import('./project/find.ts')
  return find(dir)
}
