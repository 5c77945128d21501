import { CofferError } from '../../core/errors.ts'
import type { Coffer, ReadAnswer } from '../../core/ports/coffer.ts'
import type { Provider, ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import { GUARD_OPTIONS, guarded } from '../net/guarded.ts'
import type { RemoteService } from '../net/guarded.ts'
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
  ...GUARD_OPTIONS,
] as const

/**
 * Secrets of a Coffer: the key is a path; each read is decided and audited by it. Which one: the
 * option `address` or, where no Coffer was given, `COFFER_ADDR`. A server is asked as any place over
 * a network is: within limits that survive a crash loop, and from the offline cache where asked for.
 */
export function coffer(context: ProviderContext): Provider {
  checkOptions('coffer', context.options, OPTIONS)
  checkConsent(context, address(context.options.address, context.env.COFFER_ADDR))
  const { coffer: given, options } = context
  if (given === undefined || options.address !== undefined) return atServer(context)
  // Whoever gives it closes it.
  const source = typeof given === 'function' ? later(given, async () => {}) : sourceOf(given)
  return {
    kind: 'coffer',
    batchMax: BATCH_MAX,
    async resolve(refs) {
      try {
        return await readAll(await source.get(), refs)
      } catch (error) {
        return refs.map(() => ({ error }))
      }
    },
    watch: (ref, changed, failed) => watchAt(source, ref, changed, failed),
    close: () => source.close(),
  }
}

const BATCH_MAX = 100

function atServer(context: ProviderContext): Provider {
  const { env, options } = context
  if (!namesServer({ env, options })) {
    throw new CofferError('invalid_argument', 'The provider coffer needs a Coffer.')
  }
  const client = () => import('../../client/environment.ts')
  const source = later(
    async () => (await client()).connectFromEnvironment(env, options),
    (connected) => connected.close(),
  )
  const service: RemoteService = {
    kind: 'coffer',
    title: 'The Coffer server',
    batchMax: BATCH_MAX,
    shared: false,
    // A server that cannot be asked like this is told before who asks is looked for.
    scope: async () => {
      await source.get()
      return (await client()).callerOf(env, options)
    },
    call: async (refs) => readAll(await source.get(), refs),
    where: () => options.address ?? env.COFFER_ADDR,
    close: () => source.close(),
  }
  return {
    ...guarded(service, context),
    watch: (ref, changed, failed) => watchAt(source, ref, changed, failed),
  }
}

async function readAll(place: Coffer, refs: readonly ProviderRef[]): Promise<ProviderAnswer[]> {
  const asked = refs.map(({ key, label, version }) => ({ path: key, label, version }))
  return (await place.readMany(asked)).map(translate)
}

const watchAt = (
  source: Source,
  { key }: ProviderRef,
  changed: () => void,
  failed: (error: unknown) => void,
) => source.use((place) => place.watch(key, changed, failed), failed)

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

function translate(answer: ReadAnswer): ProviderAnswer {
  if ('error' in answer || answer.value === undefined) return answer
  const { secret, version, envName } = answer.value
  return { value: { secret, version, envName } }
}
