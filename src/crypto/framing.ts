import { CofferError } from '../core/errors.ts'

/** What can be bound: text, a whole number from 0 to 2^53 - 1, or bytes. */
export type Framed = string | number | Uint8Array

/**
 * Associated data that can be read in one way only: each part is one type byte (1 text, 2 number,
 * 3 bytes), its length in bytes as u32be, then the bytes (UTF-8; u64be; as they are). The purpose is
 * the first part, so that bytes made for one use never pass in another.
 *
 * @throws CofferError `invalid_argument` for a number that is not whole, negative or too large, and
 * for text that holds half of a surrogate pair (two such texts would be bound alike)
 */
export function associatedData(purpose: string, ...parts: readonly Framed[]): Uint8Array {
  let length = PREFIX + Buffer.byteLength(purpose)
  for (const part of parts) length += PREFIX + bodyLength(part)
  const out = Buffer.allocUnsafe(length)
  let offset = writeText(out, 0, purpose)
  for (const part of parts) offset = write(out, offset, part)
  return out
}

const PREFIX = 5
const NUMBER_BYTES = 8
const TEXT = 1
const NUMBER = 2
const BYTES = 3

const bodyLength = (part: Framed): number =>
  typeof part === 'string'
    ? Buffer.byteLength(part)
    : typeof part === 'number'
      ? NUMBER_BYTES
      : part.length

function write(out: Buffer, offset: number, part: Framed): number {
  if (typeof part === 'string') return writeText(out, offset, part)
  if (typeof part === 'number') return writeNumber(out, offset, part)
  out.set(part, writePrefix(out, offset, BYTES, part.length))
  return offset + PREFIX + part.length
}

function writeText(out: Buffer, offset: number, text: string): number {
  if (!text.isWellFormed()) {
    throw new CofferError('invalid_argument', 'Text to be bound holds half of a surrogate pair.')
  }
  const length = out.write(text, offset + PREFIX)
  writePrefix(out, offset, TEXT, length)
  return offset + PREFIX + length
}

function writeNumber(out: Buffer, offset: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new CofferError('invalid_argument', 'A number to be bound is whole and not negative.')
  }
  const body = writePrefix(out, offset, NUMBER, NUMBER_BYTES)
  return writeU32(out, writeU32(out, body, Math.floor(value / 0x1_0000_0000)), value)
}

function writePrefix(out: Buffer, offset: number, type: number, length: number): number {
  out[offset] = type
  return writeU32(out, offset + 1, length)
}

/** `writeUInt32BE` is six functions of Node, each compiled for the first row that a process reads. */
function writeU32(out: Buffer, offset: number, value: number): number {
  out[offset] = value >>> 24
  out[offset + 1] = value >>> 16
  out[offset + 2] = value >>> 8
  out[offset + 3] = value
  return offset + 4
}
