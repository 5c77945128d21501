import { connectionString } from './connection-string.ts'
import { json } from './json.ts'
import { binary, encryptionKey } from './key.ts'
import { certificate, privateKey } from './pem.ts'
import type { TypeRow } from './row.ts'
import { boolean, number } from './scalar.ts'
import type { TypeName } from './spec.ts'
import { apiKey, password, string, token } from './text.ts'
import { url } from './url.ts'

/** Every type. */
export const TYPES: Readonly<Record<TypeName, TypeRow>> = {
  string,
  password,
  apiKey,
  token,
  json,
  number,
  boolean,
  url,
  connectionString,
  certificate,
  privateKey,
  encryptionKey,
  binary,
}
