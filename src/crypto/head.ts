import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'
import { associatedData } from './framing.ts'

/**
 * A head row (docs/formats/head.md): HMAC-SHA256(32) ‖ JSON bytes. A store can read it, and cannot
 * change it, nor pass it off as another kind's or another store's.
 */
export function sealHead(
  key: KeyObject,
  storeId: string,
  kind: string,
  json: Uint8Array | string,
): Uint8Array {
  const body = typeof json === 'string' ? Buffer.from(json, 'utf8') : json
  const head = Buffer.allocUnsafeSlow(MAC_BYTES + body.length)
  head.set(macOf(key, storeId, kind, body))
  head.set(body, MAC_BYTES)
  return head
}

/**
 * The JSON bytes, a view into `head`.
 * @throws CofferError `corrupt` when a byte, the kind or the store differ
 */
export function openHead(
  key: KeyObject,
  storeId: string,
  kind: string,
  head: Uint8Array,
): Uint8Array {
  const json = head.subarray(MAC_BYTES)
  if (
    head.length < MAC_BYTES ||
    !timingSafeEqual(head.subarray(0, MAC_BYTES), macOf(key, storeId, kind, json))
  ) {
    throw new CofferError('corrupt', `A ${kind} head was changed or belongs elsewhere.`, {
      details: { kind },
    })
  }
  return json
}

const MAC_BYTES = 32

const macOf = (key: KeyObject, storeId: string, kind: string, json: Uint8Array): Buffer =>
  createHmac('sha256', key)
    .update(associatedData('coffer/v1/head', storeId, kind, json))
    .digest()
