import type { Secret } from '../core/secret.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Resolve } from './infer.ts'
import { refuseUnknownOptions } from './known-options.ts'
import type { Manifest } from './manifest/manifest.ts'
import { NODE } from './node.ts'
import type { LoadOptions, ProviderTable } from './options.ts'
import type { Plan } from './plan.ts'
import { compileShape } from './shape.ts'
import { runCheck, runEnvironment, runLoad, runReferences } from './run.ts'
import type { Memory } from './session.ts'

export interface ConfigOptions {
  /** Where relative references lie: `shop/dev/api`. Default: the root. */
  readonly prefix?: string | ((context: { readonly env: string }) => string) | undefined
  /** Providers by name, which `load` may replace. */
  readonly providers?: ProviderTable | ((context: { readonly env: string }) => ProviderTable)
  /**
   * In place of `prefix`: relative references are names of the secrets that it declares, and lead
   * where it says. What an environment does not need is absent there. See `readManifest`.
   */
  readonly manifest?: Manifest | undefined
}

/** A configuration that is declared and not loaded: it holds no value. */
export interface Config<T> {
  readonly [NODE]: 'config'
  /**
   * Resolves everything in parallel. The result is deeply frozen.
   * @throws ConfigError with every problem, and then nothing was started; CofferError `cancelled`
   */
  load(options?: LoadOptions): Promise<T>
  /** The same work, told field by field: names and problems, never values. */
  check(options?: LoadOptions): Promise<CheckReport>
  /** What it refers to, without resolving anything. Malformed references are left out. */
  references(env?: string): ConfigReference[]
  /**
   * Its secrets as text by variable name, for a child process. The name is the reference's
   * `envName`, else the one that the secret records, else the field's: `db.url` is `DB_URL`.
   * Absent optional ones are left out.
   * @throws ConfigError also with `env_collision`
   */
  resolveEnvironment(options?: LoadOptions): Promise<Map<string, Secret<string>>>
}

/** What a configuration becomes when it is loaded: `Loaded<typeof config>`. */
export type Loaded<C> = C extends Config<infer T> ? T : never

export interface CheckReport {
  readonly ok: boolean
  readonly fields: readonly CheckedField[]
}

export interface CheckedField {
  readonly field: string
  /** Where a document says so: `coffer.yaml:3:7`. */
  readonly position?: string | undefined
  readonly reference: string
  readonly provider: string
  /** It holds a secret; else a variable or a plain value. */
  readonly isSecret: boolean
  readonly ok: boolean
  readonly code?: ErrorCode | undefined
  readonly message?: string | undefined
  readonly remedy?: string | undefined
}

export interface ConfigReference {
  readonly field: string
  readonly provider: string
  /** For `coffer` the canonical path. */
  readonly key: string
  readonly label?: string | undefined
  readonly version?: number | undefined
  readonly optional: boolean
  /** The name the reference asks for, when it does. */
  readonly envName?: string | undefined
}

/**
 * Declares a configuration: a tree of `secretRef`, `env` and plain values, whose type is inferred.
 *
 * @example
 * export default defineConfig(
 *   { http: { port: env('PORT', z.coerce.number().default(3000)) }, db: { url: secretRef('db-url') } },
 *   { prefix: ({ env }) => `shop/${env}/api` },
 * )
 * @throws CofferError `invalid_config` for a schema without a source, too many fields, too deep a tree
 */
export function defineConfig<T extends object>(
  shape: T,
  options: ConfigOptions = {},
): Config<Resolve<T>> {
  refuseUnknownOptions('defineConfig', options, CONFIG_OPTIONS)
  return configOf<Resolve<T>>(compileShape(shape), options)
}

/** The configuration of a plan, with a memory of its own for caching. */
const CONFIG_OPTIONS: Record<keyof ConfigOptions, true> = {
  prefix: true,
  providers: true,
  manifest: true,
}

const LOAD_OPTIONS: Record<keyof LoadOptions, true> = {
  coffer: true,
  env: true,
  providers: true,
  signal: true,
  timeoutMs: true,
  cache: true,
  processEnv: true,
  clock: true,
  onOffline: true,
}

export function configOf<T>(plan: Plan, options: ConfigOptions): Config<T> {
  const memory: Memory = new WeakMap()
  return Object.freeze({
    [NODE]: 'config' as const,
    async load(load: LoadOptions = {}) {
      refuseUnknownOptions('load', load, LOAD_OPTIONS)
      return runLoad(plan, options, load, memory) as Promise<T>
    },
    async check(load: LoadOptions = {}) {
      refuseUnknownOptions('check', load, LOAD_OPTIONS)
      return runCheck(plan, options, load, memory)
    },
    references: (env?: string) => runReferences(plan, options, env),
    resolveEnvironment: (load: LoadOptions = {}) => runEnvironment(plan, options, load, memory),
  })
}
