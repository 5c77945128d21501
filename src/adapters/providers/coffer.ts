import { CofferError } from '../../core/errors.ts'
import type { Coffer, ReadAnswer } from '../../core/ports/coffer.ts'
import type { Provider, ProviderAnswer } from '../../core/ports/provider.ts'
import { address, checkConsent } from './consent.ts'
import { checkOptions, namesServer } from './context.ts'
import type { ProviderContext } from './context.ts'

const OPTIONS = [
  'address',
  'allowHttp',
  'caFile',
  'tokenFile',
  'roleId',
  'secretIdFile',
  'jwtFile',
  'jwtFrom',
  'audience',
  'role',
  'mount',
] as const

/**
 * Secrets of a Coffer: the key is a path; each read is decided and audited by it. Which one: the
 * option `address` or, where no Coffer was given, `COFFER_ADDR`.
 */
export function coffer(context: ProviderContext): Provider {
  checkOptions('coffer', context.options, OPTIONS)
  checkConsent(context, address(context.options.address, context.env.COFFER_ADDR))
  const source = sourceOf(context)
  return {
    kind: 'coffer',
    batchMax: 100,
    async resolve(refs) {
      try {
        const asked = refs.map(({ key, label, version }) => ({ path: key, label, version }))
        return (await (await source.get()).readMany(asked)).map(translate)
      } catch (error) {
        return refs.map(() => ({ error }))
      }
    },
    watch: (ref, changed, failed) =>
      source.use((place) => place.watch(ref.key, changed, failed), failed),
    close: () => source.close(),
  }
}

interface Source {
  get(): Promise<Coffer>
  /** Begins something there, as soon as it can be; returns what stops it. */
  use(begin: (coffer: Coffer) => () => void, failed: (error: unknown) => void): () => void
  close(): Promise<void>
}

function sourceOf({ coffer: given, env, options }: ProviderContext): Source {
  // Whoever gives it closes it.
  if (given !== undefined && options.address === undefined) {
    if (typeof given === 'function') return later(given, async () => {})
    return { get: async () => given, use: (begin) => begin(given), close: async () => {} }
  }
  if (!namesServer({ env, options })) {
    throw new CofferError('invalid_argument', 'The provider coffer needs a Coffer.')
  }
  const connect = async () =>
    (await import('../../client/environment.ts')).connectFromEnvironment(env, options)
  return later(connect, (connected) => connected.close())
}

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

function translate(answer: ReadAnswer): ProviderAnswer {
  if ('error' in answer || answer.value === undefined) return answer
  const { secret, version, envName } = answer.value
  return { value: { secret, version, envName } }
}
