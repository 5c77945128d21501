import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeyObject } from 'node:crypto'
import { isCofferError } from '../../core/errors.ts'
import type { AuditAnchor, AuditSigner } from '../../core/ports/audit-log.ts'
import type { AuditReport, AuditVerifyOptions } from '../../core/ports/coffer.ts'
import type { Sink } from '../../core/ports/sink.ts'
import { lineHash, placeOf, signatureHolds } from '../../crypto/audit-line.ts'
import { ChainWalk, type ChainWitness } from '../../crypto/chain-walk.ts'
import {
  findEnd,
  genuine,
  readWitness,
  refuseCut,
  verifyingKey,
  type LogPlace,
  type Torn,
} from './log-end.ts'
import { errnoOf } from './log-fs.ts'
import { CHUNK_BYTES, segmentFile, segmentName, segmentsIn, withSegment } from './segments.ts'

export interface VerifyParts {
  readonly place: LogPlace
  readonly signer: AuditSigner | undefined
  readonly sinks: readonly Sink[]
}

type Options = AuditVerifyOptions & { readonly anchor?: AuditAnchor | undefined }

/** The files as they were at one moment: what is appended meanwhile is not looked at. */
interface Snapshot {
  readonly parts: readonly { readonly number: number; readonly bytes: number }[]
  readonly witnesses: readonly ChainWitness[]
  readonly torn: Torn | undefined
  readonly warnings: readonly string[]
}

/** Reads the whole log once, in chunks, and gives the event loop its turn between them. */
export async function verifyLog(parts: VerifyParts, options: Options): Promise<AuditReport> {
  const key = verifyingKey(parts.place, parts.signer)
  for (let attempt = 1; ; attempt++) {
    const snapshot = await take(parts, options, key)
    try {
      return await walk(parts.place, snapshot, key, options)
    } catch (error) {
      // The oldest segment was pruned meanwhile: look again.
      if (errnoOf(error) !== 'ENOENT' || attempt === 3) throw error
    }
  }
}

async function walk(
  { fs, dir, storeId }: LogPlace,
  { parts, witnesses, warnings }: Snapshot,
  key: KeyObject | undefined,
  { progress }: Options,
): Promise<AuditReport> {
  const chain = new ChainWalk({ storeId, publicKey: key, witnesses })
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let done = 0
  for (const { number, bytes } of parts) {
    chain.segment(segmentName(number))
    for (let position = 0; position < bytes && !chain.stopped;) {
      const into = chunk.subarray(0, Math.min(CHUNK_BYTES, bytes - position))
      const read = withSegment(fs, dir, number, (fd) => fs.read(fd, into, position))
      if (read === 0) break
      chain.push(into.subarray(0, read))
      position += read
      done += read
      progress?.(done, total)
      await nextTurn()
    }
  }
  const report = chain.end()
  return { ...report, warnings: [...warnings, ...report.warnings] }
}

async function take(
  { place, sinks }: VerifyParts,
  { anchor, checkpoint }: Options,
  key: KeyObject | undefined,
): Promise<Snapshot> {
  const warnings: string[] = []
  const witnesses: ChainWitness[] = []
  for (const sink of sinks) {
    const name = `the sink ${sink.description}`
    try {
      const head = await sink.head?.()
      if (head !== undefined) witnesses.push({ name, seq: head.seq })
    } catch {
      warnings.push(`It could not be compared with ${name}, which did not answer.`)
    }
  }
  // The head first: the log can then only be further than it.
  const head = readWitness(place)
  const { parts, torn } = extent(place, key)
  if (head !== undefined && (key === undefined || signatureHolds(head.line, place.storeId, key))) {
    const { seq, line } = head
    witnesses.push({ name: 'the head file', seq, hash: lineHash(line), prev: placeOf(line)?.prev })
  } else if (parts.length > 0) {
    warnings.push('The head file is missing or damaged; a cut tail may go unnoticed.')
  }
  if (anchor !== undefined && anchor.seq > 0) {
    witnesses.push({ name: 'the store', seq: anchor.seq, hash: anchor.hash })
  }
  if (checkpoint !== undefined && checkpoint.seq > 0) {
    witnesses.push({ name: 'the checkpoint', seq: checkpoint.seq, hash: checkpoint.hash })
  }
  if (torn !== undefined) {
    warnings.push(`An unfinished write of ${torn.bytes} bytes is at the end; nobody was answered.`)
  }
  return { parts, witnesses, torn, warnings }
}

/** The segments and their sizes, up to the end of the chain where nothing is worse than torn. */
function extent(place: LogPlace, key: KeyObject | undefined): Pick<Snapshot, 'parts' | 'torn'> {
  const { fs, dir } = place
  const numbers = segmentsIn(fs, dir)
  const parts = numbers.map((number) => ({
    number,
    bytes: fs.stat(segmentFile(dir, number))?.bytes ?? 0,
  }))
  try {
    const witness = readWitness(place)
    const followed = findEnd(place, numbers)
    refuseCut(
      followed,
      genuine(place, witness, followed.end, () => key),
    )
    const { segment, bytes } = followed.end
    return {
      torn: followed.torn,
      parts: parts
        .filter(({ number }) => number <= segment)
        .map((part) => (part.number === segment ? { number: segment, bytes } : part)),
    }
  } catch (error) {
    // The walk over the whole log will name what is wrong.
    if (isCofferError(error, 'audit_tampered')) return { parts, torn: undefined }
    throw error
  }
}
