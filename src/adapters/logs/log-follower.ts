import type { AuditEntry } from '../../core/ports/coffer.ts'
import { entryOf, placeOf } from '../../crypto/audit-line.ts'
import { readWitness, type LogEnd, type LogPlace } from './log-end.ts'
import { linesForward, segmentFile, segmentsIn, withSegment } from './segments.ts'

const POLL_MS = 250

/**
 * Calls with each entry that any process appends behind `from`, once it is durable, until the
 * returned function is called. After `failed` nothing more comes.
 */
export function followLog(
  place: LogPlace,
  from: LogEnd,
  each: (entry: AuditEntry) => void,
  failed: (error: unknown) => void,
): () => void {
  let { segment, bytes } = from
  let stopped = false
  const look = () => {
    // What the head file does not know of may still be taken back.
    const durableSeq = readWitness(place)?.seq ?? 0
    for (const number of segmentsIn(place.fs, place.dir)) {
      if (number < segment) continue
      if (number > segment) [segment, bytes] = [number, 0]
      const size = place.fs.stat(segmentFile(place.dir, number))?.bytes ?? 0
      if (size <= bytes) continue
      const ahead = withSegment(place.fs, place.dir, number, (fd) => {
        for (const { text, end } of linesForward(place.fs, fd, bytes, size)) {
          if ((placeOf(text)?.seq ?? Infinity) > durableSeq) return true
          bytes = end
          const entry = entryOf(text)
          if (entry !== undefined && !stopped) each(entry)
        }
        return bytes < size
      })
      if (ahead) return
    }
  }
  const timer = setInterval(() => {
    try {
      look()
    } catch (error) {
      stop()
      failed(error)
    }
  }, POLL_MS)
  const stop = () => {
    stopped = true
    clearInterval(timer)
  }
  return stop
}
