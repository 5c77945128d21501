import { CofferError } from '../core/errors.ts'
import { canonicalPrefix } from '../core/path.ts'
import type { Provider, ProviderRef } from '../core/ports/provider.ts'
import { cached } from './cache.ts'
import type { CacheEntries } from './cache.ts'
import type { ConfigOptions } from './define.ts'
import { environmentOf } from './manifest/environment.ts'
import { locateDeclared } from './manifest/locate.ts'
import { environmentName } from './options.ts'
import type { LoadOptions } from './options.ts'
import { openProviders } from './providers.ts'
import type { Providers } from './providers.ts'
import { locate } from './reference.ts'
import type { ParsedReference } from './reference.ts'

/** What a configuration remembers between loads, by the Coffer or provider that answered. */
export type Memory = WeakMap<object, CacheEntries>

type Locate = (parsed: ParsedReference) => ProviderRef | undefined

/** One load: where its references lie and who answers them. */
export interface Session {
  /** Absent: this environment does not need it. @throws CofferError as `locate` */
  readonly locate: Locate
  readonly vars: Readonly<Record<string, string | undefined>>
  readonly load: LoadOptions
  /** Answers from the cache where one was asked for. */
  readonly find: (name: string) => Provider
  /** Asks the place itself and lets the cache know. */
  readonly findFresh: (name: string) => Provider
  readonly close: Providers['close']
}

/** @throws CofferError `invalid_config`, `invalid_path` for the environment's name and the prefix */
export function openSession(config: ConfigOptions, load: LoadOptions, memory: Memory): Session {
  const env = environmentName(load, config.manifest?.environment)
  const locating = locatorIn(config, env)
  const declared =
    typeof config.providers === 'function' ? config.providers({ env }) : config.providers
  const { find, close } = openProviders(load, { ...config.manifest?.providers, ...declared })
  const caching = (options: NonNullable<LoadOptions['cache']>) => (name: string) => {
    const { provider, owner } = find(name)
    if (owner === undefined || load.cache === undefined) return provider
    return cached(provider, entriesOf(memory, owner), options, load.clock ?? Date.now)
  }
  return {
    locate: locating,
    vars: load.processEnv ?? process.env,
    load,
    find: caching(checkCache(load.cache) ?? { ttlMs: 0 }),
    findFresh: caching({ ttlMs: 0 }),
    close,
  }
}

/**
 * How references are located in an environment.
 * @throws CofferError `invalid_path`, `too_large` for the prefix; `invalid_config` for an environment
 * that the manifest does not list
 */
export function locatorIn({ manifest, prefix = '' }: ConfigOptions, env: string): Locate {
  if (manifest !== undefined) {
    const { name } = environmentOf(manifest, env)
    return (parsed) => locateDeclared(manifest, name, parsed)
  }
  const below = canonicalPrefix(typeof prefix === 'function' ? prefix({ env }) : prefix)
  return (parsed) => locate(parsed, below)
}

function entriesOf(memory: Memory, owner: object): CacheEntries {
  const known = memory.get(owner)
  if (known !== undefined) return known
  const entries: CacheEntries = new Map()
  memory.set(owner, entries)
  return entries
}

function checkCache(cache: LoadOptions['cache']): LoadOptions['cache'] {
  if (cache === undefined) return undefined
  const { ttlMs, maxStaleMs = 0 } = cache
  if (ttlMs >= 0 && maxStaleMs >= 0) return cache
  throw new CofferError('invalid_config', 'A cache has a ttlMs and a maxStaleMs of at least 0.')
}
