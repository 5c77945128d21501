import type { OfflineUse } from '../adapters/providers/context.ts'
import { CofferError } from '../core/errors.ts'
import type { Clock } from '../core/ports/ambient.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import type { Provider } from '../core/ports/provider.ts'

export type { OfflineUse }

/** A provider of the registry with its own options: `{ kind: 'file', dir: '/run/secrets' }`. */
export interface ProviderSpec {
  readonly kind: string
  readonly [option: string]: string | undefined
}

export type ProviderTable = Readonly<Record<string, Provider | ProviderSpec>>

export interface LoadOptions {
  /** Answers for the provider `coffer`; a function opens it when something is first asked of it. */
  readonly coffer?: Coffer | (() => Promise<Coffer>) | undefined
  /**
   * The environment's name. Default: `COFFER_ENV`, then the manifest's `environment`, then `NODE_ENV`,
   * as written; then `dev`.
   */
  readonly env?: string | undefined
  /** More providers by name, or others in place of `coffer`, `env`, `dotenv`, `file`. */
  readonly providers?: ProviderTable | undefined
  readonly signal?: AbortSignal | undefined
  /** For everything together; default 10 s. */
  readonly timeoutMs?: number | undefined
  readonly cache?: CacheOptions | undefined
  /** Default: the process's own environment. */
  readonly processEnv?: Readonly<Record<string, string | undefined>> | undefined
  /** Default: the system's clock. Only a cache reads it. */
  readonly clock?: Clock | undefined
  /**
   * Told when values come from an offline cache; default: a warning of the process. `false`: they
   * never do.
   */
  readonly onOffline?: ((used: OfflineUse) => void) | false | undefined
}

/**
 * Kept by the configuration, per `coffer` and per provider object. An answer younger than `ttlMs`
 * is used again; one younger than `ttlMs + maxStaleMs` stands in while its provider is
 * unavailable, throttled or too slow, and never for a denied, absent or corrupt secret.
 */
export interface CacheOptions {
  readonly ttlMs: number
  readonly maxStaleMs?: number | undefined
}

/** The environment's name; `preferred` comes before NODE_ENV. @throws CofferError `invalid_config` */
export function environmentName(options: LoadOptions, preferred?: string): string {
  const vars = options.processEnv ?? process.env
  const name = options.env ?? (vars['COFFER_ENV'] || preferred || vars['NODE_ENV'] || 'dev')
  if (ENVIRONMENT.test(name)) return name
  throw new CofferError(
    'invalid_config',
    "An environment's name has at most 64 letters, digits and . _ - and begins with a letter or digit.",
    { remedy: 'Correct `env`, COFFER_ENV or NODE_ENV.' },
  )
}

const ENVIRONMENT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
