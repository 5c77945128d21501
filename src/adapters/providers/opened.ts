import { CofferError, isCofferError } from '../../core/errors.ts'
import type { ProviderAnswer, ProviderRef, ProviderValue } from '../../core/ports/provider.ts'
import type { Answer } from '../net/exchange.ts'
import type { RemoteService } from '../net/guarded.ts'

/** A service that is found and can be asked: its SDK is loaded, its address and user are known. */
export interface OpenedService {
  /** See `RemoteService.scope`. */
  readonly scope: string
  /** See `Provider.where`. */
  readonly where?: string | undefined
  call(refs: readonly ProviderRef[], signal: AbortSignal): Promise<readonly ProviderAnswer[]>
  close?(): Promise<void> | void
}

/** A service that is opened when something is first asked of it; anew after that failed. */
export function openedLater(
  about: Pick<RemoteService, 'kind' | 'title' | 'login' | 'batchMax' | 'callsMax' | 'timeoutMs'>,
  open: () => Promise<OpenedService>,
): RemoteService {
  let opening: Promise<OpenedService> | undefined
  let where: string | undefined
  const opened = () => {
    opening ??= open().then((service) => {
      where = service.where
      return service
    })
    opening.catch(() => (opening = undefined))
    return opening
  }
  return {
    ...about,
    scope: async () => (await opened()).scope,
    call: async (refs, signal) => (await opened()).call(refs, signal),
    where: () => where,
    // What could not be opened leaves nothing to close.
    close: async () => (await opening?.catch(() => undefined))?.close?.(),
  }
}

/**
 * Asks for each reference by itself. What is thrown for one is its answer; but an unknown caller is
 * unknown for all that it asks, and a place that fails for all of them has failed: that is thrown.
 */
export async function answerEach(
  refs: readonly ProviderRef[],
  answer: (ref: ProviderRef) => Promise<ProviderValue | undefined>,
): Promise<ProviderAnswer[]> {
  const answers = await Promise.all(
    refs.map(async (ref): Promise<ProviderAnswer> => {
      try {
        return { value: await answer(ref) }
      } catch (error) {
        return { error }
      }
    }),
  )
  const errors = answers.flatMap((one) => ('error' in one ? [one.error] : []))
  const unknown = errors.find((error) => isCofferError(error, 'unauthenticated'))
  if (unknown !== undefined) throw unknown
  if (errors.length > 0 && errors.length === refs.length && errors.every(isPassing)) throw errors[0]
  return answers
}

const isPassing = (error: unknown) =>
  isCofferError(error) && ['unavailable', 'throttled', 'timeout'].includes(error.code)

/** What a JSON answer holds. @throws CofferError `corrupt`, without anything of the answer */
export function documentOf(answer: Answer, whose: string): unknown {
  try {
    if (/^application\/(?:[\w.-]+\+)?json$/.test(answer.type)) {
      return JSON.parse(answer.body.toString('utf8'))
    }
  } catch {
    // What cannot be parsed is quoted by nobody.
  } finally {
    answer.body.fill(0)
  }
  throw new CofferError('corrupt', `${whose} answered ${answer.status} without a JSON document.`, {
    remedy: 'Check the address: a proxy may stand before it, or another service.',
    details: { status: answer.status },
  })
}
