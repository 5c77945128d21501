import { CofferError } from '../core/errors.ts'
import { openAead, sealAead } from '../crypto/aead.ts'
import { associatedData } from '../crypto/framing.ts'
import type { EngineContext } from './context.ts'

/** What a cursor goes on from: pages of lists, of credentials, and the stream of events. */
type CursorKind = 'cursor' | 'credential cursor' | 'event cursor'

const CURSOR_CHARS_MAX = 1_024
/** A cursor that begins with a hyphen would be an option on a command line: one in 64 would. */
const START = '.'

/**
 * Sealed, for it may name what its holder may not know of: a secret that a page ends at, how much
 * others do. Any process with the keys goes on from it.
 */
export function makeCursor(
  { keys, random }: EngineContext,
  kind: CursorKind,
  place: string,
): string {
  const { stateKey, storeId } = keys.keyring
  const sealed = sealAead(stateKey, Buffer.from(place), associatedData(kind, storeId), random)
  return START + Buffer.from(sealed).toString('base64url')
}

/** @throws CofferError `invalid_argument` for what `makeCursor` did not make for this store */
export function openCursor({ keys }: EngineContext, kind: CursorKind, cursor: string): string {
  const { stateKey, storeId } = keys.keyring
  try {
    if (cursor.length > CURSOR_CHARS_MAX) throw new RangeError('Longer than any place.')
    const sealed = Buffer.from(cursor.startsWith(START) ? cursor.slice(1) : cursor, 'base64url')
    return Buffer.from(openAead(stateKey, sealed, associatedData(kind, storeId))).toString()
  } catch {
    throw new CofferError('invalid_argument', 'The cursor is none that was given out here.')
  }
}
