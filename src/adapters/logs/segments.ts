import { join } from 'node:path'
import { LIMITS } from '../../core/limits.ts'
import type { LogFs } from './log-fs.ts'

/** The files of a log directory, and reading lines out of them in either direction. */

export const HEAD_FILE = 'head'
export const LOCK_FILE = 'lock'
export const RESERVE_FILE = 'reserve'
export const PUBLIC_KEY_FILE = 'public-key.pem'
export const PUBLIC_KEY_BYTES_MAX = 4_096

/** A line where it stands. `text` is without the newline. */
export interface PlacedLine {
  readonly text: string
  /** Offset of the first byte behind the newline. */
  readonly end: number
}

const SEGMENT = /^([0-9]{9})\.jsonl$/
/** How much is read at once: verify and query need no more memory than a few of these. */
export const CHUNK_BYTES = 1_048_576
/** Whoever reads backward mostly wants the last line, which has 300 to 700 bytes. */
const LAST_LINES_BYTES = 4_096

export const segmentName = (number: number): string => `${String(number).padStart(9, '0')}.jsonl`

export const segmentFile = (dir: string, number: number): string => join(dir, segmentName(number))

/** The numbers of the segments there are, ascending. */
export const segmentsIn = (fs: LogFs, dir: string): number[] =>
  (fs.list(dir) ?? [])
    .flatMap((name) => SEGMENT.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b)

/** Runs `work` with the segment opened for reading. */
export function withSegment<T>(fs: LogFs, dir: string, number: number, work: (fd: number) => T): T {
  const fd = fs.open(segmentFile(dir, number), 'read')
  try {
    return work(fd)
  } finally {
    fs.close(fd)
  }
}

/** Complete lines from offset `from` up to `to`. A line that is far too long ends the walk. */
export function* linesForward(
  fs: LogFs,
  fd: number,
  from: number,
  to: number,
): Generator<PlacedLine> {
  let rest = ''
  for (let position = from; position < to;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - position))
    const read = fs.read(fd, chunk, position)
    if (read === 0) return
    const text = rest + chunk.toString('latin1', 0, read)
    const textStart = position - rest.length
    position += read
    let start = 0
    for (let newline = text.indexOf('\n'); newline !== -1; newline = text.indexOf('\n', start)) {
      yield { text: text.slice(start, newline), end: textStart + newline + 1 }
      start = newline + 1
    }
    rest = text.slice(start)
    if (rest.length > LIMITS.auditLineBytesMax) return
  }
}

/** Complete lines before offset `to`, the last one first. What follows the last newline is left out. */
export function* linesBackward(fs: LogFs, fd: number, to: number): Generator<PlacedLine> {
  let size = LAST_LINES_BYTES
  let rest = ''
  let complete = false
  for (let end = to; end > 0; size = Math.min(16 * size, CHUNK_BYTES)) {
    const start = Math.max(0, end - size)
    const chunk = Buffer.allocUnsafe(end - start)
    const read = fs.read(fd, chunk, start)
    const text = chunk.toString('latin1', 0, read) + rest
    let stop = text.length
    for (let newline = text.lastIndexOf('\n'); newline !== -1;) {
      if (complete) yield { text: text.slice(newline + 1, stop), end: start + stop + 1 }
      complete = true
      stop = newline
      newline = newline === 0 ? -1 : text.lastIndexOf('\n', newline - 1)
    }
    rest = text.slice(0, stop)
    end = start
    if (rest.length > CHUNK_BYTES) rest = ''
    if (start === 0 && complete) yield { text: rest, end: stop + 1 }
  }
}
