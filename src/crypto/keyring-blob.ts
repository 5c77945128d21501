import type { KeyObject } from 'node:crypto'
import { CofferError, isCofferError } from '../core/errors.ts'
import type { Random } from '../core/ports/ambient.ts'
import type { JsonObject } from '../core/value.ts'
import { openAead, sealAead } from './aead.ts'
import { KEY_BYTES, deriveKey, rootFingerprint, takeKey } from './derive.ts'
import { associatedData } from './framing.ts'
import { keyringOf } from './keyring-model.ts'
import type { Keyring, KeyringRoot, KeyTerm } from './keyring-model.ts'
import { PUBLIC_KEY_BYTES } from './signing-key.ts'

/** What a sealed keyring says of itself in clear. Authenticated only once the keyring opens. */
export interface KeyringHeader {
  readonly storeId: string
  readonly revision: number
  /** Kind of the seal that holds the root key. */
  readonly seal: string
  /** The seal's own parameters (salt, a file's path …); never a key. */
  readonly params: JsonObject
  /** Of the root key that opens it. */
  readonly fingerprint: string
}

/**
 * The keyring at rest (docs/formats/keyring.md): magic and format, u32be length, the header as JSON,
 * then everything else encrypted under a key derived from the root key, the header bound to it.
 *
 * @throws CofferError `wrong_key` when `rootKey` is not the keyring's current root (`withRoot` comes
 * first), `too_large` for a header above 16 KiB
 */
export function sealKeyring(
  keyring: Keyring,
  rootKey: Uint8Array,
  header: { readonly seal: string; readonly params: JsonObject },
  random: Random,
): Uint8Array {
  const fingerprint = rootFingerprint(rootKey)
  const current = keyring.roots.at(-1)?.fingerprint ?? ''
  if (current !== fingerprint) throw wrongKey(current, fingerprint)
  const clear = encodeHeader({
    storeId: keyring.storeId,
    revision: keyring.revision,
    seal: header.seal,
    params: header.params,
    fingerprint,
  })
  const plaintext = encodeKeys(keyring)
  try {
    const aad = associatedData(PURPOSE, keyring.storeId, clear)
    const sealed = sealAead(wrapKey(rootKey, keyring.storeId), plaintext, aad, random)
    return Buffer.concat([clear, sealed])
  } finally {
    plaintext.fill(0)
  }
}

/** @throws CofferError `corrupt`; `store_newer` for a format this Coffer does not know */
export function readKeyringHeader(blob: Uint8Array): KeyringHeader {
  return splitBlob(blob).header
}

/**
 * @throws CofferError `wrong_key` with `details.wanted` and `details.given` before anything is tried
 * when the fingerprints differ; `corrupt` when the bytes were changed; `store_newer`
 */
export function openKeyring(blob: Uint8Array, rootKey: Uint8Array): Keyring {
  const { header, clear, sealed } = splitBlob(blob)
  const given = rootFingerprint(rootKey)
  if (given !== header.fingerprint) throw wrongKey(header.fingerprint, given)
  const aad = associatedData(PURPOSE, header.storeId, clear)
  const plaintext = openSealed(wrapKey(rootKey, header.storeId), sealed, aad)
  try {
    return decodeKeys(header, plaintext)
  } finally {
    plaintext.fill(0)
  }
}

const PURPOSE = 'coffer/v1/keyring'
const MAGIC = Buffer.from('CFKR\x01', 'latin1')
const LENGTH_BYTES = 4
const HEADER_AT = MAGIC.length + LENGTH_BYTES
const HEADER_BYTES_MAX = 16_384
const BLOB_BYTES_MAX = 4_194_304

const wrapKey = (rootKey: Uint8Array, storeId: string): KeyObject =>
  deriveKey(rootKey, storeId, PURPOSE)

function encodeHeader(header: KeyringHeader): Uint8Array {
  const json = Buffer.from(JSON.stringify(header), 'utf8')
  if (json.length > HEADER_BYTES_MAX) {
    throw new CofferError('too_large', `A keyring's header has at most ${HEADER_BYTES_MAX} bytes.`)
  }
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(json.length)
  return Buffer.concat([MAGIC, length, json])
}

function splitBlob(blob: Uint8Array): {
  header: KeyringHeader
  clear: Uint8Array
  sealed: Uint8Array
} {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.length)
  if (bytes.length < HEADER_AT || bytes.length > BLOB_BYTES_MAX) throw corrupt()
  const format = MAGIC.length - 1
  if (!bytes.subarray(0, format).equals(MAGIC.subarray(0, format))) throw corrupt()
  if (bytes[format]! > MAGIC[format]!) {
    throw new CofferError('store_newer', `The keyring has format ${bytes[format]}.`)
  }
  if (bytes[format] !== MAGIC[format]) throw corrupt()
  const end = HEADER_AT + bytes.readUInt32BE(MAGIC.length)
  if (end > HEADER_AT + HEADER_BYTES_MAX || end > bytes.length) throw corrupt()
  return {
    header: parseHeader(bytes.subarray(HEADER_AT, end)),
    clear: bytes.subarray(0, end),
    sealed: bytes.subarray(end),
  }
}

function parseHeader(json: Buffer): KeyringHeader {
  const it = parseJson(json) as Partial<Record<keyof KeyringHeader, unknown>> | null
  if (
    typeof it !== 'object' ||
    it === null ||
    typeof it.storeId !== 'string' ||
    !/^[0-9a-f]{32}$/.test(it.storeId) ||
    !Number.isSafeInteger(it.revision) ||
    typeof it.seal !== 'string' ||
    typeof it.fingerprint !== 'string' ||
    !/^[0-9a-f]{16}$/.test(it.fingerprint) ||
    typeof it.params !== 'object' ||
    it.params === null ||
    Array.isArray(it.params)
  ) {
    throw corrupt()
  }
  return it as KeyringHeader
}

/** What is not secret inside: JSON, so that it can grow. Key bytes never pass through a string. */
interface Description {
  readonly terms: readonly Omit<KeyTerm, 'kek'>[]
  readonly roots: readonly KeyringRoot[]
}

/** u32be length ‖ description ‖ base(32) ‖ audit seed(32) ‖ audit public key(32) ‖ KEKs(32 each). */
function encodeKeys(keyring: Keyring): Uint8Array {
  const { base, auditSeed, auditPublicKey } = keyring.material
  const description: Description = {
    terms: keyring.terms.map(describeTerm),
    roots: keyring.roots,
  }
  const json = Buffer.from(JSON.stringify(description), 'utf8')
  const keks = keyring.terms.flatMap(({ kek }) => (kek === undefined ? [] : [kek]))
  const out = Buffer.allocUnsafeSlow(
    LENGTH_BYTES + json.length + 2 * KEY_BYTES + PUBLIC_KEY_BYTES + keks.length * KEY_BYTES,
  )
  out.set(json, out.writeUInt32BE(json.length, 0))
  let at = putKey(out, LENGTH_BYTES + json.length, base)
  at = putKey(out, at, auditSeed)
  out.set(auditPublicKey, at)
  at += PUBLIC_KEY_BYTES
  for (const kek of keks) at = putKey(out, at, kek)
  return out
}

const describeTerm = ({ term, createdAt, state, fingerprint, destroyedAt }: KeyTerm) => ({
  term,
  createdAt,
  state,
  fingerprint,
  ...(destroyedAt === undefined ? {} : { destroyedAt }),
})

function decodeKeys(header: KeyringHeader, plaintext: Uint8Array): Keyring {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length)
  let at = LENGTH_BYTES + bytes.readUInt32BE(0)
  const description = parseJson(bytes.subarray(LENGTH_BYTES, at)) as Description
  const take = (length: number): Buffer => bytes.subarray(at, (at += length))
  const base = takeKey(take(KEY_BYTES))
  const auditSeed = takeKey(take(KEY_BYTES))
  const auditPublicKey = Uint8Array.from(take(PUBLIC_KEY_BYTES))
  const terms = description.terms.map((term) =>
    term.state === 'destroyed' ? term : { ...term, kek: takeKey(take(KEY_BYTES)) },
  )
  if (at !== bytes.length || terms.some(({ term }, i) => term !== i + 1)) throw corrupt()
  return keyringOf({
    storeId: header.storeId,
    revision: header.revision,
    terms,
    roots: description.roots,
    material: { base, auditSeed, auditPublicKey },
  })
}

function putKey(out: Buffer, at: number, key: KeyObject): number {
  const bytes = key.export()
  out.set(bytes, at)
  bytes.fill(0)
  return at + KEY_BYTES
}

function openSealed(key: KeyObject, sealed: Uint8Array, aad: Uint8Array): Uint8Array {
  try {
    return openAead(key, sealed, aad)
  } catch (error) {
    throw isCofferError(error, 'corrupt') ? corrupt() : error
  }
}

function parseJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'))
  } catch {
    throw corrupt()
  }
}

const corrupt = () => new CofferError('corrupt', 'The keyring was changed or is not whole.')

const wrongKey = (wanted: string, given: string) =>
  new CofferError('wrong_key', `The store wants root key ${wanted}, and was given ${given}.`, {
    details: { wanted, given },
  })
