import { createHmac } from 'node:crypto'
import type { Secret } from '../../../../core/secret.ts'
import type { Authorization } from './authorization.ts'
import { TERMINATOR } from './authorization.ts'

/** Keys that signatures are made with, derived once for each day, region and service. */
export interface SigningKeys {
  of(secretAccessKey: Secret<string>, scope: Authorization): Uint8Array
}

export function createSigningKeys(max = SIGNING_KEYS_MAX): SigningKeys {
  const known = new Map<string, { secret: Secret<string>; key: Uint8Array }>()
  return {
    of(secret, scope) {
      const { accessKeyId, date, region, service } = scope
      const name = `${accessKeyId}/${date}/${region}/${service}`
      const found = known.get(name)
      // An id whose secret is another one now must not go on with the old one's key.
      if (found?.secret.equals(secret) === true) return found.key
      const key = derive(secret, scope)
      if (known.size >= max) known.delete(known.keys().next().value ?? '')
      known.set(name, { secret, key })
      return key
    },
  }
}

export const SIGNING_KEYS_MAX = 10_000

function derive(secret: Secret<string>, { date, region, service }: Authorization): Uint8Array {
  const ofDate = hmac(`AWS4${secret.reveal()}`, date)
  return hmac(hmac(hmac(ofDate, region), service), TERMINATOR)
}

const hmac = (key: string | Uint8Array, text: string) =>
  createHmac('sha256', key).update(text).digest()
