import { placeOf } from '../../crypto/audit-line.ts'
import type { LogPlace } from './log-end.ts'
import { linesForward, segmentFile, segmentsIn, withSegment } from './segments.ts'

/** Where a line begins, and what it says. */
export interface LinePosition {
  readonly segment: number
  readonly start: number
  readonly text: string
}

/** Below this many bytes a walk is quicker than another halving. */
const WALK_BYTES = 65_536

/** The line numbered `seq`; absent when the log does not have it. Halves, then walks. */
export function positionOf({ fs, dir }: LogPlace, seq: number): LinePosition | undefined {
  for (const segment of segmentsIn(fs, dir).toReversed()) {
    const size = fs.stat(segmentFile(dir, segment))?.bytes ?? 0
    if (size === 0) continue
    const found = withSegment(fs, dir, segment, (fd) => {
      const firstFrom = (from: number) => {
        let start = from
        for (const { text, end } of linesForward(fs, fd, from, Math.min(size, from + WALK_BYTES))) {
          const place = placeOf(text)
          if (place !== undefined) return { seq: place.seq, start }
          start = end
        }
        return undefined
      }
      const first = firstFrom(0)
      if (first === undefined || first.seq > seq) return undefined
      let low = first.start
      for (let high = size; high - low > WALK_BYTES;) {
        const middle = low + Math.floor((high - low) / 2)
        const at = firstFrom(middle)
        if (at !== undefined && at.seq <= seq) low = at.start
        else high = middle
      }
      let start = low
      for (const { text, end } of linesForward(fs, fd, low, size)) {
        const place = placeOf(text)
        if (place?.seq === seq) return { segment, start, text }
        if (place !== undefined && place.seq > seq) break
        start = end
      }
      return 'absent' as const
    })
    if (found === 'absent') return undefined
    if (found !== undefined) return found
  }
  return undefined
}
