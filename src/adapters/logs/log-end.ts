import { join } from 'node:path'
import type { KeyObject } from 'node:crypto'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { AuditSigner } from '../../core/ports/audit-log.ts'
import { auditPublicKey } from '../../crypto/audit-public-key.ts'
import {
  genesisHash,
  lineHash,
  placeOf,
  signatureHolds,
  signingKeyOf,
} from '../../crypto/audit-line.ts'
import { readSmall, type LogFs } from './log-fs.ts'
import {
  HEAD_FILE,
  PUBLIC_KEY_BYTES_MAX,
  PUBLIC_KEY_FILE,
  linesBackward,
  linesForward,
  segmentFile,
  segmentsIn,
  withSegment,
} from './segments.ts'

/** Finding out where the log ends, and whether that is where it ought to end. */

/** The end of the chain as far as it was followed. */
export interface LogEnd {
  /** The segment that the last line is in; 0 while there is none. */
  readonly segment: number
  /** Offset in that segment behind the last good line. */
  readonly bytes: number
  readonly seq: number
  readonly hash: string
  /** Greatest so far. */
  readonly generation: number
  /** `seq` of the last signature line; 0 when there is none. */
  readonly signedSeq: number
}

export interface Followed {
  readonly end: LogEnd
  /** What stands behind the last good line: a write that did not finish. */
  readonly torn?: Torn
}

export interface Torn {
  readonly segment: number
  readonly from: number
  readonly bytes: number
  /** Something among it looks like a signature line. */
  readonly signature: boolean
}

/** What the head file witnesses. */
export interface Witness {
  readonly seq: number
  readonly line: string
}

export interface LogPlace {
  readonly fs: LogFs
  readonly dir: string
  readonly storeId: string
}

export const startOf = (storeId: string): LogEnd => ({
  segment: 0,
  bytes: 0,
  seq: 0,
  hash: genesisHash(storeId),
  generation: 0,
  signedSeq: 0,
})

/** The head file's line; absent when there is none or it is damaged. */
export function readWitness({ fs, dir }: LogPlace): Witness | undefined {
  const text = readSmall(fs, join(dir, HEAD_FILE), LIMITS.auditLineBytesMax)
  const newline = text === undefined ? -1 : text.indexOf('\n')
  const line = newline === -1 ? undefined : text!.slice(0, newline)
  const place = line === undefined ? undefined : placeOf(line)
  return place?.signed === true ? { seq: place.seq, line: line! } : undefined
}

/**
 * Follows the chain from the last signature line on (from the first line when there is none). While
 * the head file does not vouch for that line, a power cut may have taken what it signs and left it:
 * then from the one before, which was on the disk when that flush began.
 */
export function findEnd(
  place: LogPlace,
  segments: readonly number[] = segmentsIn(place.fs, place.dir),
): Followed {
  const witness = readWitness(place)
  let from = lastSignature(place, segments)
  if (from !== undefined && witness !== undefined && witness.seq < from.seq) {
    from = lastSignature(place, segments, from)
  }
  return follow(place, from ?? firstLine(place, segments), segments)
}

/** Follows the chain from a known point over whatever was appended since. */
export function follow(
  { fs, dir }: LogPlace,
  from: LogEnd,
  segments: readonly number[] = segmentsIn(fs, dir),
): Followed {
  let end = from
  let torn: Torn | undefined
  for (const number of segments) {
    if (number < from.segment) continue
    const start = number === from.segment ? from.bytes : 0
    const size = fs.stat(segmentFile(dir, number))?.bytes ?? 0
    if (size < start) {
      throw cut(`Segment ${number} is shorter than it was: it was cut or put back.`)
    }
    if (size === start) continue
    if (torn !== undefined) throw cut(`A damaged line stands before segment ${number}.`)
    let good = start
    let signature = false
    withSegment(fs, dir, number, (fd) => {
      for (const { text, end: bytes } of linesForward(fs, fd, start, size)) {
        const next = placeOf(text)
        const follows = next?.prev === end.hash && next.seq === end.seq + 1
        if (next === undefined || !follows) {
          signature ||= text.includes('"signature":"')
          continue
        }
        good = bytes
        end = {
          segment: number,
          bytes,
          seq: next.seq,
          hash: lineHash(text),
          generation: Math.max(end.generation, next.generation),
          signedSeq: next.signed ? next.seq : end.signedSeq,
        }
      }
    })
    if (good < size) torn = { segment: number, from: good, bytes: size - good, signature }
  }
  return torn === undefined ? { end } : { end, torn }
}

/** Whether the line that `end` names still stands where it stood. */
export function stillThere({ fs, dir }: LogPlace, end: LogEnd): boolean {
  if (end.bytes === 0) return true
  const size = fs.stat(segmentFile(dir, end.segment))?.bytes ?? 0
  if (size < end.bytes) return false
  return withSegment(fs, dir, end.segment, (fd) => {
    for (const { text } of linesBackward(fs, fd, end.bytes)) return lineHash(text) === end.hash
    return false
  })
}

/**
 * The witness, unless a write of the head file did not finish: then it is a mixture that nobody
 * signed. Without a key only what is in the log itself can be told from one.
 */
export function genuine(
  place: LogPlace,
  witness: Witness | undefined,
  end: LogEnd,
  publicKey: () => KeyObject | undefined,
): Witness | undefined {
  if (witness === undefined || lineHash(witness.line) === end.hash) return witness
  const key = publicKey()
  if (key === undefined) return witness.seq > end.seq ? witness : undefined
  return signatureHolds(witness.line, place.storeId, key) ? witness : undefined
}

/**
 * A torn tail is no alarm: a writer died, nobody was answered. A tail that ends before what was
 * once durable is one. `witness` is genuine.
 * @throws CofferError `audit_tampered`
 */
export function refuseCut({ end, torn }: Followed, witness: Witness | undefined): void {
  if (witness === undefined) {
    if (torn?.signature === true) throw cut(`The log is damaged behind entry ${end.seq}.`)
    return
  }
  if (witness.seq > end.seq) {
    throw cut(
      `The log ends at entry ${end.seq}, and its head file knows of ${witness.seq}: its tail was cut.`,
      { seq: end.seq, expectedSeq: witness.seq },
    )
  }
  if (witness.seq === end.seq && lineHash(witness.line) !== end.hash) {
    throw cut(`Entry ${end.seq} is not the one that the head file knows.`, { seq: end.seq })
  }
}

/**
 * A store never changes the key of its log: one that another key signed is another store's, and ours
 * must not continue it. The head file alone does not tell, which may be damaged or of somewhere else.
 * @throws CofferError `audit_unavailable`
 */
export function refuseForeign(place: LogPlace, signer: AuditSigner): void {
  const witness = readWitness(place)
  const key = witness === undefined ? undefined : signingKeyOf(witness.line)
  if (key === undefined || key === signer.key || key !== lastSigningKey(place)) return
  throw new CofferError(
    'audit_unavailable',
    `The audit log in ${place.dir} is another store's: ${key} signs it, and this store signs with ${signer.key}.`,
    { remedy: 'Look at --audit-dir and COFFER_AUDIT_DIR: each store has a log of its own.' },
  )
}

function lastSigningKey({ fs, dir }: LogPlace): string | undefined {
  for (const number of segmentsIn(fs, dir).toReversed()) {
    const size = fs.stat(segmentFile(dir, number))?.bytes ?? 0
    const found = withSegment(fs, dir, number, (fd) => {
      for (const { text } of linesBackward(fs, fd, size)) {
        const key = signingKeyOf(text)
        if (key !== undefined) return key
      }
      return undefined
    })
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * The signer's public key, or while sealed the one that is kept beside the log; absent when there is
 * none. @throws CofferError `invalid_key`
 */
export function verifyingKey(
  { fs, dir }: LogPlace,
  signer: AuditSigner | undefined,
): KeyObject | undefined {
  const pem =
    signer?.publicKeyPem ?? readSmall(fs, join(dir, PUBLIC_KEY_FILE), PUBLIC_KEY_BYTES_MAX)
  return pem === undefined ? undefined : auditPublicKey(pem)
}

export const cut = (message: string, details: Record<string, number> = {}): CofferError =>
  new CofferError('audit_tampered', message, { details })

/** The number before the log's first line. */
export const prunedThrough = (place: LogPlace): number =>
  firstLine(place, segmentsIn(place.fs, place.dir)).seq

function lastSignature(
  { fs, dir }: LogPlace,
  segments: readonly number[],
  before?: LogEnd,
): LogEnd | undefined {
  for (const number of segments.toReversed()) {
    if (before !== undefined && number > before.segment) continue
    const size =
      number === before?.segment ? before.bytes : (fs.stat(segmentFile(dir, number))?.bytes ?? 0)
    const found = withSegment(fs, dir, number, (fd) => {
      for (const { text, end } of linesBackward(fs, fd, size)) {
        if (number === before?.segment && end === before.bytes) continue
        const place = text.includes('"signed":{') ? placeOf(text) : undefined
        if (place?.signed !== true) continue
        return {
          segment: number,
          bytes: end,
          seq: place.seq,
          hash: lineHash(text),
          generation: place.generation,
          signedSeq: place.seq,
        }
      }
      return undefined
    })
    if (found !== undefined) return found
  }
  return undefined
}

/** Where a log without any signature begins; after a prune it need not be entry 1. */
function firstLine({ fs, dir, storeId }: LogPlace, segments: readonly number[]): LogEnd {
  const start = startOf(storeId)
  const first = segments[0]
  if (first === undefined) return start
  const size = fs.stat(segmentFile(dir, first))?.bytes ?? 0
  return withSegment(fs, dir, first, (fd) => {
    for (const { text } of linesForward(fs, fd, 0, size)) {
      const place = placeOf(text)
      if (place === undefined || place.seq === 1) return start
      return { ...start, segment: first, seq: place.seq - 1, hash: place.prev }
    }
    return start
  })
}
