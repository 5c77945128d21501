import { createHmac } from 'node:crypto'
import type { Secret } from '../../../../core/secret.ts'
import type { Authorization } from './authorization.ts'
import { TERMINATOR } from './authorization.ts'

/**
 * Keys that signatures are made with, derived once for each day, region and service. An access key's
 * id never gets another secret, and whether it is still good is looked up at every request.
 */
export interface SigningKeys {
  /** `known` gives the secret access key, when it is needed. */
  of(scope: Authorization, known: { readonly secretAccessKey: Secret<string> }): Uint8Array
}

export function createSigningKeys(max = SIGNING_KEYS_MAX): SigningKeys {
  const keys = new Map<string, Uint8Array>()
  return {
    of(scope, known) {
      const { accessKeyId, date, region, service } = scope
      const name = `${accessKeyId}/${date}/${region}/${service}`
      const found = keys.get(name)
      if (found !== undefined) return found
      const key = derive(known.secretAccessKey, scope)
      if (keys.size >= max) keys.delete(keys.keys().next().value ?? '')
      keys.set(name, key)
      return key
    },
  }
}

const SIGNING_KEYS_MAX = 10_000

function derive(secret: Secret<string>, { date, region, service }: Authorization): Uint8Array {
  const ofDate = hmac(`AWS4${secret.reveal()}`, date)
  return hmac(hmac(hmac(ofDate, region), service), TERMINATOR)
}

const hmac = (key: string | Uint8Array, text: string) =>
  createHmac('sha256', key).update(text).digest()
