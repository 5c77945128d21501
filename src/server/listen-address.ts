import { isIP, isIPv4 } from 'node:net'
import { hostname } from 'node:os'
import { CofferError } from '../core/errors.ts'

export interface ListenAddress {
  /** An address, `0.0.0.0` and `::` for all of them; or a name. */
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
}

/**
 * `127.0.0.1:8200`, `[::1]:8200`, `:8200` and `8200` (on loopback), `localhost:8200`.
 * @throws CofferError `invalid_argument`
 */
export function listenAddress(text: string): ListenAddress {
  const [, bracketed, name, digits] =
    /^(?:(?:\[([^\]]+)\]|([^:[\]\s]*)):)?([0-9]{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  const host = bracketed ?? name ?? ''
  const sound = bracketed === undefined ? /^[A-Za-z0-9._-]*$/.test(host) : isIP(host) === 6
  if (digits !== undefined && port <= 65_535 && sound) {
    return { host: host === '' || host === 'localhost' ? '127.0.0.1' : host, port }
  }
  throw new CofferError('invalid_argument', 'The address to listen on is not understood.', {
    remedy: 'Write --listen as 127.0.0.1:8200, [::1]:8200 or 0.0.0.0:8200.',
  })
}

/** Whether only this machine can reach it. */
export const isLoopback = (host: string): boolean =>
  (isIPv4(host) && host.startsWith('127.')) || host === '::1' || host === 'localhost'

export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/** As a client would say it; for all addresses, by the name of this machine. */
export function urlOf(protocol: 'http' | 'https', { host, port }: ListenAddress): string {
  const name = isWildcard(host) ? hostname() : host
  return `${protocol}://${isIP(name) === 6 ? `[${name}]` : name}:${port}`
}
