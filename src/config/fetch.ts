import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Provider, ProviderAnswer, ProviderRef } from '../core/ports/provider.ts'

/** How many calls one provider may have in flight for one load. */
const CALLS_MAX = 20

export interface FetchOptions {
  readonly find: (name: string) => Provider
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

/**
 * Asks every provider for its references, in batches and in parallel, each reference once however
 * often it is wanted. Answers in the order of `refs`; never rejects: a provider that does not
 * answer in time is `timeout` for what was asked of it, an aborted signal is `cancelled`.
 */
export async function fetchAll(
  refs: readonly ProviderRef[],
  options: FetchOptions,
): Promise<ProviderAnswer[]> {
  const wanted = new Map<string, ProviderRef>()
  for (const ref of refs) wanted.set(sameness(ref), ref)
  const answers = new Map<string, ProviderAnswer>()
  const deadline = startDeadline(options)
  const groups = Map.groupBy(wanted.values(), (ref) => ref.provider)
  await Promise.all(
    [...groups].map(async ([name, group]) => {
      const found = await askProvider(name, group, options.find, deadline)
      group.forEach((ref, i) => answers.set(sameness(ref), found[i] ?? BROKEN))
    }),
  )
  deadline.stop()
  return refs.map((ref) => answers.get(sameness(ref)) ?? BROKEN)
}

/** What a provider sees of a reference; `field` and `encoding` are not its work. */
export const sameness = (ref: ProviderRef): string =>
  JSON.stringify([ref.provider, ref.key, ref.label, ref.version])

interface Deadline {
  readonly signal: AbortSignal
  /** Resolves, with the reason, when time is up or the caller gave up. */
  readonly over: Promise<CofferError>
  stop(): void
}

const BROKEN: ProviderAnswer = {
  error: new CofferError('internal', 'The provider did not answer for this reference.'),
}

async function askProvider(
  name: string,
  refs: readonly ProviderRef[],
  find: (name: string) => Provider,
  deadline: Deadline,
): Promise<ProviderAnswer[]> {
  let provider: Provider
  try {
    provider = find(name)
  } catch (error) {
    return refs.map(() => ({ error }))
  }
  const size = Math.max(1, Math.min(provider.batchMax, LIMITS.batchMax))
  const answers: ProviderAnswer[] = refs.map(() => BROKEN)
  let next = 0
  const work = async () => {
    while (next < refs.length) {
      const from = next
      const batch = refs.slice(from, (next += size))
      const found = await askOnce(provider, batch, deadline)
      for (const [i, answer] of found.entries()) answers[from + i] = answer
    }
  }
  const workers = Math.min(CALLS_MAX, Math.ceil(refs.length / size))
  await Promise.all(Array.from({ length: workers }, work))
  return answers
}

async function askOnce(
  provider: Provider,
  refs: readonly ProviderRef[],
  { signal, over }: Deadline,
): Promise<ProviderAnswer[]> {
  if (signal.aborted) {
    const error: unknown = signal.reason
    return refs.map(() => ({ error }))
  }
  const asked = refs.map(({ field: _field, encoding: _encoding, ...ref }) => ref)
  try {
    const answers = await Promise.race([provider.resolve(asked, signal), over])
    if (answers instanceof CofferError) return refs.map(() => ({ error: answers }))
    const where = provider.where?.()
    return refs.map((_, i) => located(answers[i] ?? BROKEN, where))
  } catch (error) {
    return refs.map(() => ({ error }))
  }
}

const located = (answer: ProviderAnswer, where: string | undefined): ProviderAnswer =>
  where === undefined || 'error' in answer || answer.value !== undefined
    ? answer
    : { ...answer, where }

function startDeadline({ signal, timeoutMs = LIMITS.configTimeoutMs }: FetchOptions): Deadline {
  const controller = new AbortController()
  const { promise: over, resolve } = Promise.withResolvers<CofferError>()
  const end = (error: CofferError) => {
    controller.abort(error)
    // What is answered because of the signal, a cache's stale value, comes first.
    setImmediate(() => resolve(error))
  }
  const late = () =>
    end(new CofferError('timeout', `The provider did not answer within ${timeoutMs} ms.`))
  const cancel = () => end(new CofferError('cancelled', 'Loading was cancelled.'))
  // Not unref'd: a program that awaits its configuration must hear of the timeout.
  const timer = setTimeout(late, timeoutMs)
  if (signal?.aborted) cancel()
  else signal?.addEventListener('abort', cancel, { once: true })
  return {
    signal: controller.signal,
    over,
    stop() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
    },
  }
}
