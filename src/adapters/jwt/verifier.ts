import { compactVerify, errors } from 'jose'
import type { CompactVerifyGetKey } from 'jose'
import { CofferError, isCofferError } from '../../core/errors.ts'
import { JWT_ALGORITHMS } from '../../core/jwt-algorithms.ts'
import type { Clock } from '../../core/ports/ambient.ts'
import type { JwtIssuer, JwtVerifier, VerifiedJwt } from '../../core/ports/identities.ts'
import type { JsonValue } from '../../core/value.ts'
import { fetchKeys, keysOfPem } from './keys.ts'
import type { IssuerKeys } from './keys.ts'

/** Keys are asked for again after the first; for one that is unknown after the second. */
const KEYS_AGE_MS = 600_000
const COOLDOWN_MS = 30_000
const ISSUERS_MAX = 128

/** Verifies signatures with `jose`; an issuer's keys are fetched when they are needed and kept. */
export function createJwtVerifier({
  now,
  timeoutMs,
}: {
  readonly now: Clock
  readonly timeoutMs?: number | undefined
}): JwtVerifier {
  const kept = new Map<string, { readonly at: number; readonly keys: Promise<IssuerKeys> }>()

  async function keysFor(
    issuer: JwtIssuer,
    ageMs: number,
  ): Promise<{ keys: IssuerKeys; isNew: boolean }> {
    if (issuer.publicKeys !== undefined) {
      return { keys: keysOfPem(issuer.publicKeys), isNew: true }
    }
    const place = JSON.stringify([issuer.discoveryUrl, issuer.jwksUrl, issuer.caPem])
    const at = now()
    const known = kept.get(place)
    if (known !== undefined && Math.abs(at - known.at) < ageMs) {
      return { keys: await known.keys, isNew: false }
    }
    const keys = fetchKeys(issuer, { caPem: issuer.caPem, timeoutMs }).catch((error: unknown) => {
      kept.delete(place)
      throw error
    })
    kept.delete(place)
    kept.set(place, { at, keys })
    for (const oldest of kept.keys()) {
      if (kept.size <= ISSUERS_MAX) break
      kept.delete(oldest)
    }
    return { keys: await keys, isNew: true }
  }

  return {
    async verify(jwt, issuer) {
      const { keys, isNew } = await keysFor(issuer, KEYS_AGE_MS)
      try {
        return await verifyWith(jwt, issuer, keys)
      } catch (error) {
        // The issuer may have begun to sign with a new key.
        if (isNew || !(error instanceof errors.JWKSNoMatchingKey)) throw refusalOf(error)
      }
      const newer = await keysFor(issuer, COOLDOWN_MS)
      try {
        return await verifyWith(jwt, issuer, newer.keys)
      } catch (error) {
        throw refusalOf(error)
      }
    },
  }
}

async function verifyWith(
  jwt: string,
  { algorithms = JWT_ALGORITHMS }: JwtIssuer,
  { keys, issuer }: IssuerKeys,
): Promise<VerifiedJwt> {
  const options = { algorithms: [...algorithms] }
  const waiting: unknown[] = [...keys]
  let failure: Error = refused()
  for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
    try {
      const { payload } = await compactVerify(jwt, key as CompactVerifyGetKey, options)
      return { claims: claimsOf(payload), issuer }
    } catch (error) {
      if (error instanceof Error) failure = error
      // A JWT that names no key, and a set with several that it may mean.
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        for await (const one of error) waiting.push(one)
      }
    }
  }
  throw failure
}

function claimsOf(payload: Uint8Array): Readonly<Record<string, JsonValue>> {
  const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) {
    return claims as Record<string, JsonValue>
  }
  throw refused()
}

/** What `jose` says of a token from outside is never passed on. */
const refusalOf = (error: unknown): CofferError => (isCofferError(error) ? error : refused())

const refused = () => new CofferError('unauthenticated', 'The JWT is not valid.')
