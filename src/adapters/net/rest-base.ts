import { CofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { isLoopbackHost } from '../../core/loopback.ts'

export interface RestBase {
  /** No slash at its end. */
  readonly base: string
  /** Where it is not the usual one: its host, and port where that is not the usual one. */
  readonly host: string | undefined
}

/**
 * Where a service is: its usual address, or the one in a variable of the environment. Never one of a
 * manifest, which could send token and values to somebody else under the same name. TLS, but for this
 * machine itself.
 * @throws CofferError `invalid_config`
 */
export function restBase(
  usual: string,
  variable: string,
  env: Readonly<Record<string, string | undefined>>,
): RestBase {
  const given = env[variable]
  if (given === undefined || given === '') return { base: usual, host: undefined }
  const url = URL.canParse(given) ? new URL(given) : undefined
  const plain = url?.protocol === 'http:' && isLoopbackHost(url.hostname)
  const extra = url === undefined || url.username + url.password + url.search + url.hash !== ''
  if (extra || (url.protocol !== 'https:' && !plain)) {
    throw new CofferError('invalid_config', `${variable} is not the address of an API.`, {
      remedy: `Write it as ${usual}: https, without user, query and fragment.`,
    })
  }
  const base = url.href.replace(/\/+$/, '')
  return base === usual ? { base, host: undefined } : { base, host: url.host }
}

/** The first of the variables that is set. @throws CofferError `unauthenticated` */
export function restToken(
  service: string,
  variables: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string {
  const token = variables.map((name) => env[name]).find((text) => text !== undefined && text !== '')
  if (token === undefined) throw refuse('unauthenticated', `There is no token for ${service}.`)
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw refuse('unauthenticated', `The token for ${service} is not one line of plain characters.`)
  }
  return token

  function refuse(code: ErrorCode, says: string): CofferError {
    return new CofferError(code, says, { remedy: `Put it into ${variables.join(' or ')}.` })
  }
}
