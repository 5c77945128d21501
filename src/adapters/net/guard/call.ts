import type { GuardContext, RemoteService } from '../guarded.ts'
import type { Ambient } from './ambient.ts'
import { ambient } from './ambient.ts'
import { scopeOf } from './guard.ts'

/**
 * Makes one call that is no list of references, behind the breaker of its scope: what it hears,
 * others are told, and while the place is not to be asked it is not.
 * @throws what `scope` and `call` throw; in place of the call, what stands for it
 */
export async function guardedCall<T>(
  service: Pick<RemoteService, 'kind' | 'title' | 'login' | 'scope'>,
  env: GuardContext['env'],
  call: () => Promise<T>,
  world: Ambient = ambient,
): Promise<T> {
  const { gate } = scopeOf(env, service, await service.scope(), world)
  const pass = await gate.admit(NEVER)
  if ('error' in pass) throw pass.error
  try {
    const result = await call()
    await gate.learn(pass, { answers: [] }, [])
    return result
  } catch (error) {
    await gate.learn(pass, { answers: [], thrown: error }, [])
    throw error
  }
}

const NEVER = new AbortController().signal
