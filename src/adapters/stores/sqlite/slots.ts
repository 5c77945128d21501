import { CofferError } from '../../../core/errors.ts'
import type { Cell, Connection } from './connection.ts'
import { storeFailure } from './errors.ts'

/**
 * What must be erasable lives in slots: the rows of one table, where nothing is ever deleted and no
 * row ever changes its size while it holds something. SQLite's `secure_delete` zeroes what a row
 * leaves, but when it moves rows between pages (after a delete, or when one grows) it leaves copies
 * of the others behind, and these outlive a later erasure. So a slot is emptied by overwriting it in
 * place, keeps its size, and is filled again with something of that size.
 *
 * To keep the size of a row in our hands all its columns have a fixed width: numbers carry
 * `FIXED_WIDTH`, which makes them four bytes, and path and bytes share a padded body.
 */
export const FIXED_WIDTH = 2 ** 24
export const NUMBER_MAX = 2 ** 30

/** The term of blobs, which no version has. */
export const BLOB_TERM = 0

/** Bodies are multiples of it, so that slots fit again. */
const GRAIN_BYTES = 64
/** An emptied slot above this gives its room back, but for `SHRUNK_BYTES`. */
const SHRINK_ABOVE_BYTES = 3_072
/**
 * Of a row that spills over, SQLite keeps at least 489 bytes in the page (4096-byte pages, see
 * https://www.sqlite.org/fileformat2.html): less than that, key included, never needs more room.
 */
const SHRUNK_BYTES = 384
const KEY_BYTES_MAX = 64
const PREFIX_BYTES = 6
/** Sorts behind all ids; a free slot's key is made of it. */
const FREE = '~'

/**
 * Puts `bytes` under (`id`, `version`), in place of what was there. Whether anything was: whoever
 * expects that saves a statement when it is so, and whoever does not when it is not.
 */
export function fillSlot(
  connection: Connection,
  { id, version, term }: { id: string; version: number; term: number },
  path: string,
  bytes: Uint8Array,
  expected = true,
): boolean {
  const body = pack(path, bytes)
  const values = [id, fixedWidth(version), fixedWidth(term), body] as const
  if (expected && connection.run('refillSlot', ...values) > 0) return true
  if (useFreeSlot(connection, values) || connection.run('addSlot', ...values) > 0) return false
  if (!expected && connection.run('refillSlot', ...values) > 0) return true
  // What is there has another size.
  clearSlot(connection, id, version)
  if (!useFreeSlot(connection, values)) connection.run('addSlot', ...values)
  return true
}

/** The same, where it was found: without a search. Whether it was still there. */
export function refillSlotAt(
  connection: Connection,
  slot: number,
  { id, version, term }: { id: string; version: number; term: number },
  path: string,
  bytes: Uint8Array,
): boolean {
  const body = pack(path, bytes)
  return connection.run('refillSlotAt', id, fixedWidth(version), fixedWidth(term), body, slot) > 0
}

type SlotValues = readonly [id: string, version: number, term: number, body: Uint8Array]

function useFreeSlot(connection: Connection, values: SlotValues): boolean {
  const [id, version, , body] = values
  const free = connection.get('freeSlot', freeTerm(id, body.length))
  if (free === undefined || connection.get('slot', id, version) !== undefined) return false
  return connection.run('fillSlot', ...values, Number(free[0])) > 0
}

/**
 * Overwrites what is under (`id`, `version`), if anything is. @throws CofferError `corrupt` where the
 * index leads to another row: that one stays.
 */
export function clearSlot(connection: Connection, id: string, version: number): void {
  const number = fixedWidth(version)
  const taken = connection.get('slot', id, number)
  if (taken && !emptySlot(connection, id, number, taken)) {
    throw storeFailure('corrupt', connection.file)
  }
}

export const fixedWidth = (number: number): number => {
  if (Number.isSafeInteger(number) && number >= 0 && number < NUMBER_MAX) {
    return FIXED_WIDTH + number
  }
  throw invalid(`Versions and terms are whole numbers below ${NUMBER_MAX}.`)
}

/** What was packed: its bytes share the body's memory. `undefined` when nothing can be told from it. */
export function unpack(body: Cell | undefined): { path: string; bytes: Uint8Array } | undefined {
  const bytes = unpackBytes(body)
  if (bytes === undefined) return undefined
  const { buffer, byteOffset } = body as Uint8Array
  const pathBytes = bytes.byteOffset - byteOffset - PREFIX_BYTES
  const path = Buffer.from(buffer, byteOffset + PREFIX_BYTES, pathBytes).toString('utf8')
  return { path, bytes }
}

/** The same without the path, which a read has no use for. */
export function unpackBytes(body: Cell | undefined): Uint8Array | undefined {
  if (body instanceof Uint8Array && body.length >= PREFIX_BYTES) {
    const pathEnd = PREFIX_BYTES + (body[0]! | (body[1]! << 8))
    const length = (body[2]! | (body[3]! << 8) | (body[4]! << 16) | (body[5]! << 24)) >>> 0
    if (isPadding(body, pathEnd + length)) {
      return new Uint8Array(body.buffer, body.byteOffset + pathEnd, length)
    }
  }
  return undefined
}

/** Whether the body ends there, but for the zeroes that `pack` puts behind it: nothing else vouches for them. */
function isPadding(body: Uint8Array, from: number): boolean {
  if (from > body.length || body.length - from >= GRAIN_BYTES) return false
  for (let at = from; at < body.length; at++) if (body[at] !== 0) return false
  return true
}

/** Path length (2 bytes), length of the bytes (4), both little-endian; path, bytes, zeroes. */
function pack(path: string, bytes: Uint8Array): Uint8Array {
  const pathBytes = Buffer.from(path)
  const used = PREFIX_BYTES + pathBytes.length + bytes.length
  const body = Buffer.allocUnsafe(Math.ceil(used / GRAIN_BYTES) * GRAIN_BYTES).fill(0, used)
  body.writeUInt16LE(pathBytes.length, 0)
  body.writeUInt32LE(bytes.length, 2)
  body.set(pathBytes, PREFIX_BYTES)
  body.set(bytes, PREFIX_BYTES + pathBytes.length)
  return body
}

/** Whether it was that one's. */
function emptySlot(
  connection: Connection,
  id: string,
  version: number,
  [slot, bodyBytes]: Cell[],
): boolean {
  const bytes = Number(bodyBytes)
  const left = bytes > SHRINK_ABOVE_BYTES ? SHRUNK_BYTES : bytes
  const free = [FREE.repeat(Buffer.byteLength(id)), FIXED_WIDTH + Number(slot)] as const
  return (
    connection.run('emptySlot', id, version, ...free, freeTerm(id, left), left, Number(slot)) > 0
  )
}

/**
 * Free slots of one size have one negative term, by which an index finds them; a version that has one
 * by damage is told by its key.
 */
function freeTerm(id: string, bodyBytes: number): number {
  const keyBytes = Buffer.byteLength(id)
  if (keyBytes > KEY_BYTES_MAX) throw invalid(`An id is at most ${KEY_BYTES_MAX} bytes.`)
  return -(FIXED_WIDTH + (bodyBytes / GRAIN_BYTES) * (KEY_BYTES_MAX + 1) + keyBytes)
}

const invalid = (message: string): CofferError => new CofferError('invalid_argument', message)
