import type { ConnectedCoffer } from '../../../client/connect.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { Coffer, ReadAnswer } from '../../../core/ports/coffer.ts'
import type { ProviderAnswer, ProviderRef } from '../../../core/ports/provider.ts'
import type { GuardContext, RemoteService } from '../../net/guarded.ts'

export const BATCH_MAX = 100

/** Whether it is a server's, and so asked over a network. */
export const isConnected = (place: Coffer): place is ConnectedCoffer => 'caller' in place

/** A server as the guard knows it. Whoever opened the client closes it. */
export const serviceOf = (place: ConnectedCoffer): RemoteService => ({
  ...about(place),
  batchMax: BATCH_MAX,
  shared: false,
  // The client repeats what may be repeated, within the time that a whole load has.
  retriesMax: 0,
  timeoutMs: LIMITS.configTimeoutMs,
  call: (refs) => readAll(place, refs),
  where: () => place.address,
})

/** The same guard for a call that is no list of references. @throws what the call throws, or the guard */
export async function askGuarded<T>(
  place: Pick<ConnectedCoffer, 'caller'>,
  env: GuardContext['env'],
  call: () => Promise<T>,
): Promise<T> {
  const { guardedCall } = await import('../../net/guard/call.ts')
  return guardedCall(about(place), env, call)
}

export async function readAll(
  place: Coffer,
  refs: readonly ProviderRef[],
): Promise<ProviderAnswer[]> {
  const asked = refs.map(({ key, label, version }) => ({ path: key, label, version }))
  return (await place.readMany(asked)).map(translate)
}

const about = (place: Pick<ConnectedCoffer, 'caller'>) => ({
  kind: 'coffer',
  title: 'The Coffer server',
  login: '`coffer login`',
  scope: () => place.caller(),
})

function translate(answer: ReadAnswer): ProviderAnswer {
  if ('error' in answer || answer.value === undefined) return answer
  const { secret, version, envName, createdAt } = answer.value
  return { value: { secret, version, envName, createdAt } }
}
