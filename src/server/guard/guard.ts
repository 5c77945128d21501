import { CofferError } from '../../core/errors.ts'
import type { Guard } from '../server.ts'
import { addressKey } from './address.ts'
import type { LimitName } from './rates.ts'
import type { Refusal } from './refusals.ts'

/** What a guard asks: the authority itself, or a worker's leases of it. */
export interface Authority {
  /** Takes one token. 0 when there was one, else the milliseconds until there is. */
  take(name: LimitName, key: string): number | Promise<number>
  /** 0, or the milliseconds that this login is locked for. */
  lockedMs(login: string): number | Promise<number>
  loginEnded(login: string, good: boolean): void
  refused(refusal: Refusal): void
}

/** What is counted for metrics. */
export interface GuardWatcher {
  throttled(limit: LimitName | 'lockout'): void
  refused(via: string, code: string): void
}

/** The guard of a server; without a wait where the authority answers without one. */
export function createGuard(authority: Authority, watcher: GuardWatcher): Guard {
  const refuse = (limit: LimitName | 'lockout', waitMs: number): never => {
    watcher.throttled(limit)
    throw throttled(limit, waitMs)
  }
  const take = (name: LimitName, key: string): void | Promise<void> => {
    const waitMs = authority.take(name, key)
    if (waitMs === 0) return
    if (typeof waitMs === 'number') return refuse(name, waitMs)
    return waitMs.then((later) => (later === 0 ? undefined : refuse(name, later)))
  }

  return {
    admitAddress: (address) => take('address', addressKey(address)),
    admit: (actor, operation) => take(operation, actor),
    async admitLogin(address, login) {
      const key = addressKey(address)
      await take('login', key)
      const lockedMs = await authority.lockedMs(loginKey(key, login))
      if (lockedMs > 0) refuse('lockout', lockedMs)
    },
    loginEnded: (address, login, good) =>
      authority.loginEnded(loginKey(addressKey(address), login), good),
    refused(address, via, code = 'unauthenticated') {
      const key = addressKey(address)
      watcher.refused(via, code)
      authority.refused({ address: key, via, code })
      const waitMs = authority.take('refused', key)
      if (typeof waitMs !== 'number') {
        // A worker that must ask first lets this one pass; the next will know.
        waitMs.catch(() => {})
        return undefined
      }
      if (waitMs === 0) return undefined
      watcher.throttled('refused')
      return throttled('refused', waitMs)
    },
  }
}

const LOGIN_CHARS_MAX = 256

/** Never by the login alone: a stranger elsewhere must not lock anybody out. */
const loginKey = (address: string, login: string) => `${address} ${login.slice(0, LOGIN_CHARS_MAX)}`

function throttled(limit: LimitName | 'lockout', waitMs: number): CofferError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new CofferError('throttled', MESSAGES[limit] ?? 'There were too many requests.', {
    remedy: `Wait ${retryAfterSeconds} s, then try again.`,
    details: { limit, retryAfterSeconds },
  })
}

const MESSAGES: Readonly<Partial<Record<LimitName | 'lockout', string>>> = {
  lockout: 'This login failed too often from this address.',
  login: 'There were too many logins from this address.',
  refused: 'There were too many refused requests from this address.',
  address: 'There were too many requests from this address.',
}
