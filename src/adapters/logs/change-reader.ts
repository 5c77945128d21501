import { CofferError } from '../../core/errors.ts'
import type { AuditChanges } from '../../core/ports/audit-log.ts'
import type { AuditEntry } from '../../core/ports/coffer.ts'
import { entryOf, placeOf } from '../../crypto/audit-line.ts'
import { positionOf } from './line-search.ts'
import { readWitness, type LogPlace } from './log-end.ts'
import { linesForward, segmentFile, segmentsIn, withSegment } from './segments.ts'

/** Lines looked at in one call: the event loop gets its turn between calls. */
const LINES_MAX = 20_000

/**
 * Entries with a generation behind entry `seq`, up to what the head file vouches for. Lines of other
 * entries are passed over without being parsed.
 * @throws CofferError `not_found` when entry `seq + 1` is not there although it must have been
 */
export function changesAfter(place: LogPlace, seq: number, limit: number): AuditChanges {
  const { fs, dir } = place
  const durableSeq = readWitness(place)?.seq ?? 0
  // A head file that is being written, or is yet to be: what is not vouched for may be taken back.
  if (seq >= durableSeq) return { entries: [], seq, more: false }
  const from = positionOf(place, seq + 1)
  if (from === undefined) throw gone(seq)
  const entries: AuditEntry[] = []
  let at = seq
  for (const number of segmentsIn(fs, dir)) {
    if (number < from.segment) continue
    const start = number === from.segment ? from.start : 0
    const size = fs.stat(segmentFile(dir, number))?.bytes ?? 0
    const full = withSegment(fs, dir, number, (fd) => {
      for (const { text } of linesForward(fs, fd, start, size)) {
        if (at === durableSeq || at - seq === LINES_MAX || entries.length === limit) return true
        at += 1
        if (!text.includes(CHANGE)) continue
        if (placeOf(text)?.seq !== at) throw gone(seq)
        const entry = entryOf(text)
        if (entry?.generation !== undefined) entries.push(entry)
      }
      return false
    })
    if (full) break
  }
  if (at === seq) throw gone(seq)
  return { entries, seq: at, more: at < durableSeq }
}

const CHANGE = ',"generation":'

const gone = (seq: number) =>
  new CofferError('not_found', `The audit log has no entry ${seq + 1} to go on with.`, {
    remedy: 'It was pruned, or is of another store: begin anew.',
  })
