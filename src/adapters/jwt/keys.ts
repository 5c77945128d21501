import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createLocalJWKSet } from 'jose'
import type { CompactVerifyGetKey, JSONWebKeySet } from 'jose'
import { CofferError } from '../../core/errors.ts'
import type { JwtIssuer } from '../../core/ports/identities.ts'
import { fetchJson, unavailable } from './fetch-json.ts'
import type { FetchOptions } from './fetch-json.ts'

/** What JWTs of an issuer are verified with. */
export interface IssuerKeys {
  /** Each is tried: a set that finds the key of a JWT by itself, or single keys. */
  readonly keys: readonly (CompactVerifyGetKey | KeyObject)[]
  /** Who must have issued them, where the place of the keys says so. */
  readonly issuer?: string | undefined
}

/** @throws `invalid_argument` for a PEM that is no public key */
export function keysOfPem(publicKeys: readonly string[]): IssuerKeys {
  return { keys: publicKeys.map(publicKeyOf) }
}

/** @throws `unavailable` */
export async function fetchKeys(
  { discoveryUrl, jwksUrl }: JwtIssuer,
  options: FetchOptions,
): Promise<IssuerKeys> {
  if (discoveryUrl === undefined) return { keys: [await fetchSet(jwksUrl, options)] }
  const base = discoveryUrl.replace(/\/$/, '')
  const document = await fetchJson(`${base}/.well-known/openid-configuration`, options)
  const { issuer, jwks_uri: setUrl } = (document ?? {}) as Record<string, unknown>
  if (typeof issuer !== 'string' || issuer.replace(/\/$/, '') !== base) {
    throw unavailable('its configuration is of another issuer')
  }
  return { keys: [await fetchSet(setUrl, options)], issuer }
}

async function fetchSet(url: unknown, options: FetchOptions): Promise<CompactVerifyGetKey> {
  if (typeof url !== 'string') throw unavailable('its configuration names no keys')
  const set = await fetchJson(url, options)
  try {
    return createLocalJWKSet(set as JSONWebKeySet)
  } catch (cause) {
    throw unavailable('its answer is no set of keys', cause)
  }
}

function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    throw new CofferError('invalid_argument', 'A public key of the issuer cannot be read.')
  }
}
