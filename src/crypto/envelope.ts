import type { KeyObject } from 'node:crypto'
import { CofferError, isCofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Random } from '../core/ports/ambient.ts'
import { NONCE_BYTES, SEAL_OVERHEAD_BYTES, openRange, sealInto } from './aead.ts'
import { associatedData } from './framing.ts'

/** What an envelope is bound to: it opens nowhere else. */
export interface Binding {
  readonly storeId: string
  /** The secret's id. */
  readonly id: string
  readonly version: number
  /** Bound in the DEK's wrap only, so a move re-wraps and never needs the value. */
  readonly path: string
  /** Of a binding that stays: what was bound before, as bytes. Nothing of it is secret. */
  readonly known?: BindingBytes
}

export interface BindingBytes {
  value?: Uint8Array
  dek?: { readonly term: number; readonly bytes: Uint8Array }
}

/** The KEK of a term; `undefined` when this process does not hold it. */
export type KekOf = (term: number) => KeyObject | undefined

/**
 * Envelope v1 (docs/formats/envelope.md): the value under a fresh DEK, the DEK under the KEK of
 * `term`. Values are padded to a multiple of 64 bytes, so an empty one and a short one look alike.
 *
 * @throws CofferError `too_large` above `LIMITS.valueBytesCeiling`
 */
export function sealEnvelope(
  kek: KeyObject,
  term: number,
  binding: Binding,
  plaintext: Uint8Array,
  random: Random,
): Uint8Array {
  const framed = pad(plaintext)
  // One draw: DEK(32) ‖ nonce of its wrap(12) ‖ nonce of the value(12).
  const drawn = random(DEK_BYTES + 2 * NONCE_BYTES)
  const dek = drawn.subarray(0, DEK_BYTES)
  const out = Buffer.allocUnsafeSlow(VALUE_AT + framed.length + SEAL_OVERHEAD_BYTES)
  try {
    const wrapNonce = drawn.subarray(DEK_BYTES, DEK_BYTES + NONCE_BYTES)
    writeHeader(out, term)
    sealInto(out, WRAP_AT, kek, wrapNonce, dek, dekData(binding, term, binding.path))
    sealInto(
      out,
      VALUE_AT,
      dek,
      drawn.subarray(DEK_BYTES + NONCE_BYTES),
      framed,
      valueData(binding),
    )
  } finally {
    drawn.fill(0)
    framed.fill(0)
  }
  return out
}

/**
 * The value, in a buffer of its own that the caller may zero.
 *
 * @throws CofferError `corrupt` when a byte of the envelope or a member of the binding differs;
 * `sealed` with `details.term` when `kekOf` has no KEK for its term
 */
export function openEnvelope(envelope: Uint8Array, kekOf: KekOf, binding: Binding): Uint8Array {
  checkShape(envelope, binding)
  const dek = openDek(envelope, kekOf, binding)
  try {
    const aad = valueDataOf(binding)
    return unpad(openRange(dek, envelope, VALUE_AT, envelope.length, aad), binding)
  } catch (error) {
    throw isCofferError(error, 'corrupt') ? corrupt(binding) : error
  } finally {
    dek.fill(0)
  }
}

/** The term whose KEK wraps it. Not authenticated until it opens. @throws CofferError `corrupt` */
export function termOf(envelope: Uint8Array): number {
  checkShape(envelope)
  return readU32(envelope, TERM_AT)
}

/** The bytes that a re-wrap leaves as they are. */
export const valuePart = (envelope: Uint8Array): Uint8Array => envelope.subarray(VALUE_AT)

/**
 * The same value under the KEK of another term, and at `newPath` when one is given. Neither needs
 * the value nor opens it; the bytes of the value's part are carried over as they are.
 *
 * @throws CofferError as `openEnvelope`
 */
export function rewrapEnvelope(
  envelope: Uint8Array,
  kekOf: KekOf,
  kek: KeyObject,
  term: number,
  binding: Binding,
  random: Random,
  newPath: string = binding.path,
): Uint8Array {
  checkShape(envelope, binding)
  const dek = openDek(envelope, kekOf, binding)
  const out = Buffer.from(envelope)
  try {
    writeHeader(out, term)
    sealInto(out, WRAP_AT, kek, random(NONCE_BYTES), dek, dekData(binding, term, newPath))
  } finally {
    dek.fill(0)
  }
  return out
}

const FORMAT = 1
const AES_256_GCM = 1
const TERM_AT = 2
const WRAP_AT = 6
const DEK_BYTES = 32
const VALUE_AT = WRAP_AT + DEK_BYTES + SEAL_OVERHEAD_BYTES
const LENGTH_BYTES = 4
const BLOCK_BYTES = 64
const TERM_MAX = 0xffff_ffff

const padded = (valueBytes: number): number =>
  Math.ceil((LENGTH_BYTES + valueBytes) / BLOCK_BYTES) * BLOCK_BYTES

const ENVELOPE_BYTES_MIN = VALUE_AT + padded(0) + SEAL_OVERHEAD_BYTES
const ENVELOPE_BYTES_MAX = VALUE_AT + padded(LIMITS.valueBytesCeiling) + SEAL_OVERHEAD_BYTES

const dekData = (binding: Binding, term: number, path: string): Uint8Array =>
  associatedData('coffer/v1/dek', binding.storeId, binding.id, binding.version, term, path)

const valueData = (binding: Binding): Uint8Array =>
  associatedData('coffer/v1/value', binding.storeId, binding.id, binding.version)

/** What opening is asked for is the same again and again, where the binding stays. */
function valueDataOf(binding: Binding): Uint8Array {
  const { known } = binding
  return known === undefined ? valueData(binding) : (known.value ??= valueData(binding))
}

function dekDataOf(binding: Binding, term: number): Uint8Array {
  const { known, path } = binding
  if (known?.dek?.term === term) return known.dek.bytes
  const bytes = dekData(binding, term, path)
  if (known !== undefined) known.dek = { term, bytes }
  return bytes
}

function openDek(envelope: Uint8Array, kekOf: KekOf, binding: Binding): Uint8Array {
  const term = readU32(envelope, TERM_AT)
  const kek = kekOf(term)
  if (kek === undefined) {
    throw new CofferError(
      'sealed',
      `${nameOf(binding)} needs key term ${term}, which is not held here.`,
      {
        remedy:
          'Give the newer root key and open the store again; a destroyed term cannot come back.',
        details: { term, path: binding.path, version: binding.version },
      },
    )
  }
  try {
    return openRange(kek, envelope, WRAP_AT, VALUE_AT, dekDataOf(binding, term))
  } catch (error) {
    throw isCofferError(error, 'corrupt') ? corrupt(binding) : error
  }
}

function checkShape(envelope: Uint8Array, binding?: Binding): void {
  const bytes = envelope.length
  if (
    bytes < ENVELOPE_BYTES_MIN ||
    bytes > ENVELOPE_BYTES_MAX ||
    (bytes - ENVELOPE_BYTES_MIN) % BLOCK_BYTES !== 0 ||
    envelope[0] !== FORMAT ||
    envelope[1] !== AES_256_GCM
  ) {
    throw corrupt(binding)
  }
}

function writeHeader(out: Buffer, term: number): void {
  if (!Number.isInteger(term) || term < 1 || term > TERM_MAX) {
    throw new CofferError('invalid_argument', 'A key term is a whole number from 1 to 2^32 - 1.')
  }
  out[0] = FORMAT
  out[1] = AES_256_GCM
  out.writeUInt32BE(term, TERM_AT)
}

/** u32be length ‖ value ‖ zeros, up to a multiple of 64 bytes. */
function pad(value: Uint8Array): Uint8Array {
  if (value.length > LIMITS.valueBytesCeiling) {
    throw new CofferError('too_large', `A value has at most ${LIMITS.valueBytesCeiling} bytes.`, {
      details: { valueBytesMax: LIMITS.valueBytesCeiling },
    })
  }
  const framed = Buffer.alloc(padded(value.length))
  framed.set(value, framed.writeUInt32BE(value.length, 0))
  return framed
}

function unpad(framed: Uint8Array, binding: Binding): Uint8Array {
  const length = readU32(framed, 0)
  if (padded(length) !== framed.length) throw corrupt(binding)
  const end = LENGTH_BYTES + length
  for (let i = end; i < framed.length; i++) if (framed[i] !== 0) throw corrupt(binding)
  // The cipher's output is a buffer of its own outside the JavaScript heap: kept, not copied.
  return new Uint8Array(framed.buffer, framed.byteOffset + LENGTH_BYTES, length)
}

const readU32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! * 0x100_0000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)) >>>
  0

const nameOf = (binding: Binding | undefined): string =>
  binding === undefined ? 'An envelope' : `${binding.path} v${binding.version}`

const corrupt = (binding?: Binding) =>
  new CofferError(
    'corrupt',
    `${nameOf(binding)} does not open: its bytes were changed or belong elsewhere.`,
    binding === undefined ? {} : { details: { path: binding.path, version: binding.version } },
  )
