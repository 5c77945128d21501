import { isServerOfItsOwn, namesServer } from '../adapters/providers/context.ts'
import { PROVIDERS } from '../adapters/providers/registry.ts'
import { CofferError } from '../core/errors.ts'
import type { Provider } from '../core/ports/provider.ts'
import type { SecretValue } from '../core/value.ts'
import type { LoadOptions, ProviderSpec, ProviderTable } from './options.ts'
import { isDeclared } from './provider-in-file.ts'
import { COFFER } from './reference.ts'

export interface FoundProvider {
  readonly provider: Provider
  /** What outlives a load, and so may carry a cache: the Coffer, or a provider that was given. */
  readonly owner: object | undefined
}

/** The providers of one load, check or sync. */
export interface Providers {
  /**
   * The provider of a name: what `load` was given, else what the configuration declares, else the
   * registry's own. Each is made once.
   * @throws CofferError `unknown_provider`, `invalid_argument` for a provider's options
   */
  find(name: string): FoundProvider
  /** Closes those that were made here, or those of them that `which` says; what was given stays open. */
  close(which?: (provider: Provider) => boolean): Promise<void>
}

export function openProviders(load: LoadOptions, declared: ProviderTable = {}): Providers {
  const given = new Map<string, FoundProvider>()
  const made = new Map<string, FoundProvider>()
  const named = { ...declared, ...load.providers }
  return {
    find(name) {
      const known = made.get(name) ?? given.get(name)
      if (known !== undefined) return known
      const entry = Object.hasOwn(named, name) ? named[name] : undefined
      const isGiven = isProvider(entry)
      const found = isGiven
        ? { provider: entry, owner: entry }
        : fromRegistry(name, entry ?? { kind: name }, load)
      ;(isGiven ? given : made).set(name, found)
      return found
    },
    async close(which = () => true) {
      const closing = [...made.values()].map(async ({ provider }) => {
        if (which(provider)) await provider.close?.()
      })
      // What cannot be closed is left to the end of the process: what was resolved is resolved.
      await Promise.allSettled(closing)
    },
  }
}

/**
 * Values in memory by key, for tests: `config.load({ providers: { coffer: memoryProvider({…}) } })`.
 * Its `set` and `delete` are seen by `onChange` at once.
 */
export const memoryProvider = (values: Readonly<Record<string, SecretValue>> = {}) =>
  PROVIDERS.memory({ env: {}, options: {}, values })

function fromRegistry(name: string, spec: ProviderSpec, load: LoadOptions): FoundProvider {
  const { kind, ...options } = spec
  if (!Object.hasOwn(PROVIDERS, kind)) {
    throw new CofferError(
      'unknown_provider',
      `There is no provider ${JSON.stringify(name)} here.`,
      {
        remedy: `Use one of ${Object.keys(PROVIDERS).join(', ')}, or give it in \`providers\`; a path with a colon in it is written { path }.`,
      },
    )
  }
  const env = load.processEnv ?? process.env
  if (kind === COFFER && load.coffer === undefined && !namesServer({ env, options })) {
    throw new CofferError('unknown_provider', 'No Coffer was given to resolve it.', {
      remedy: 'Pass one: config.load({ coffer }), or name a server in COFFER_ADDR.',
    })
  }
  const factory = PROVIDERS[kind as keyof typeof PROVIDERS]
  const declared = isDeclared(spec)
  const provider = factory({
    coffer: load.coffer,
    env,
    options,
    declared,
    onOffline: load.onOffline,
  })
  const own = kind === COFFER && !isServerOfItsOwn(options)
  return { provider, owner: own ? load.coffer : undefined }
}

const isProvider = (entry: Provider | ProviderSpec | undefined): entry is Provider =>
  typeof entry === 'object' && typeof (entry as Provider).resolve === 'function'
