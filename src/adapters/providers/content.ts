import { isUtf8 } from 'node:buffer'
import { decodeText, Secret } from '../../core/secret.ts'

/** A secret of what a place keeps as bytes: text where they are UTF-8, else the bytes themselves. */
export function contentSecret(name: string, bytes: Uint8Array): Secret<string | Uint8Array> {
  const decode = isUtf8(bytes) ? decodeText : (held: Uint8Array) => Uint8Array.from(held)
  return new Secret<string | Uint8Array>({ name, bytes, decode })
}
