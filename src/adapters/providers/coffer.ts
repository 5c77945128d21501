import { CofferError } from '../../core/errors.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Provider } from '../../core/ports/provider.ts'
import { GUARD_OPTIONS, guarded } from '../net/guarded.ts'
import { BATCH_MAX, isConnected, readAll, serviceOf } from './coffer/service.ts'
import { address, authority, checkConsent } from './consent.ts'
import { checkOptions, isServerOfItsOwn, namesServer, SERVER_OPTIONS } from './context.ts'
import type { ProviderContext } from './context.ts'

/**
 * Secrets of a Coffer: the key is a path; each read is decided and audited by it. Which one: the one
 * that was given, unless options name a server; where none was, the server of the option `address` or
 * of `COFFER_ADDR`. A server is asked as any place over a network is: within limits that survive a
 * crash loop, and from the offline cache where asked for.
 */
export function coffer(context: ProviderContext): Provider {
  checkOptions('coffer', context.options, [...SERVER_OPTIONS, ...GUARD_OPTIONS])
  checkConsent(context, address(context.options.address, context.env.COFFER_ADDR))
  checkConsent(context, authority(context.options.caFile, context.env.COFFER_CACERT))
  const source = sourceFor(context)
  let remote: Provider | undefined
  return {
    kind: 'coffer',
    batchMax: BATCH_MAX,
    async resolve(refs, signal) {
      try {
        const place = await source.get()
        if (!isConnected(place)) return await readAll(place, refs)
        remote ??= guarded(serviceOf(place), context)
        return await remote.resolve(refs, signal)
      } catch (error) {
        return refs.map(() => ({ error }))
      }
    },
    where: () => remote?.where?.(),
    watch: ({ key }, changed, failed) =>
      source.use((place) => place.watch(key, changed, failed), failed),
    close: () => source.close(),
  }
}

/** @throws CofferError `invalid_argument` where there is none */
function sourceFor({ coffer: given, env, options }: ProviderContext): Source {
  if (given !== undefined && !isServerOfItsOwn(options)) {
    // Whoever gives it closes it.
    return typeof given === 'function' ? later(given, async () => {}) : sourceOf(given)
  }
  if (!namesServer({ env, options })) {
    throw new CofferError('invalid_argument', 'The provider coffer is given no server.', {
      remedy: 'Name one in its option address, or in COFFER_ADDR.',
    })
  }
  return later(
    async () => (await import('../../client/environment.ts')).connectFromEnvironment(env, options),
    (connected) => connected.close(),
  )
}

interface Source {
  get(): Promise<Coffer>
  /** Begins something there, as soon as it can be; returns what stops it. */
  use(begin: (coffer: Coffer) => () => void, failed: (error: unknown) => void): () => void
  close(): Promise<void>
}

const sourceOf = (given: Coffer): Source => ({
  get: async () => given,
  use: (begin) => begin(given),
  close: async () => {},
})

/** One that is opened when it is first needed. */
function later<T extends Coffer>(
  open: () => Promise<T>,
  close: (opened: T) => Promise<void>,
): Source {
  let opened: Promise<T> | undefined
  const get = () => (opened ??= open())
  return {
    get,
    use(begin, failed) {
      let stop = () => {}
      let stopped = false
      get()
        .then((place) => {
          if (!stopped) stop = begin(place)
        })
        .catch(failed)
      return () => {
        stopped = true
        stop()
      }
    },
    async close() {
      // What could not be opened leaves nothing to close.
      const there = await opened?.catch(() => undefined)
      if (there !== undefined) await close(there)
    },
  }
}
