import { CofferError } from '../../core/errors.ts'
import { findEnd, type LogPlace } from './log-end.ts'
import { positionOf } from './line-search.ts'
import { CHUNK_BYTES, segmentFile, segmentsIn, withSegment } from './segments.ts'

/**
 * The log's own bytes from entry `fromSeq` (default: the oldest there is) to the end that it had
 * when this began, in order, in chunks.
 * @throws CofferError `not_found` when the log does not have that entry
 */
export async function* exportLog(
  place: LogPlace,
  fromSeq: number | undefined,
): AsyncGenerator<Uint8Array> {
  const { fs, dir } = place
  const { end } = findEnd(place)
  const from = fromSeq === undefined ? { segment: 0, start: 0 } : positionOf(place, fromSeq)
  if (from === undefined) {
    throw new CofferError('not_found', `The audit log has no entry ${fromSeq}.`, {
      remedy: 'It may have been pruned, or not written yet: see `coffer audit head`.',
    })
  }
  for (const number of segmentsIn(fs, dir)) {
    if (number < from.segment || number > end.segment) continue
    const size =
      number === end.segment ? end.bytes : (fs.stat(segmentFile(dir, number))?.bytes ?? 0)
    for (let position = number === from.segment ? from.start : 0; position < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position))
      const read = withSegment(fs, dir, number, (fd) => fs.read(fd, chunk, position))
      if (read === 0) break
      yield chunk.subarray(0, read)
      position += read
    }
  }
}
