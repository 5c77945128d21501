import { entryOf, lineHash, placeOf } from '../../crypto/audit-line.ts'
import type { LogPlace } from './log-end.ts'
import type { LogWriter } from './log-writer.ts'
import { linesBackward, segmentFile, segmentName, segmentsIn, withSegment } from './segments.ts'

const DAY_MS = 24 * 60 * 60 * 1_000

/**
 * Removes the oldest segments whose last line is older than the retention, never the newest one.
 * The signed `audit.prune` event that allows the log to begin later is durable before a file goes,
 * and files go oldest first: wherever this stops, the log verifies, and the next call finishes.
 */
export async function pruneLog(
  place: LogPlace,
  writer: LogWriter,
  retentionDays: number,
  now: number,
  actor: string,
): Promise<readonly string[]> {
  return writer.exclusively(async () => {
    const old = oldSegments(place, now - retentionDays * DAY_MS)
    const last = old.at(-1)
    if (last === undefined) return []
    await writer.write([
      {
        at: now,
        actor,
        action: 'audit.prune',
        outcome: 'allowed',
        resource: 'audit:log',
        reason: `removed entries through ${last.seq} ${last.hash} in ${old.length} segments`,
      },
    ])
    for (const { number } of old) place.fs.remove(segmentFile(place.dir, number))
    place.fs.syncDir(place.dir)
    return old.map(({ number }) => segmentName(number))
  })
}

interface OldSegment {
  readonly number: number
  /** Of its last line. */
  readonly seq: number
  readonly hash: string
}

function oldSegments({ fs, dir }: LogPlace, before: number): OldSegment[] {
  const old: OldSegment[] = []
  for (const number of segmentsIn(fs, dir).slice(0, -1)) {
    const size = fs.stat(segmentFile(dir, number))?.bytes ?? 0
    const last = withSegment(fs, dir, number, (fd) => {
      for (const { text } of linesBackward(fs, fd, size)) return text
      return undefined
    })
    const place = last === undefined ? undefined : placeOf(last)
    if (place === undefined || instantOf(last!) >= before) break
    old.push({ number, seq: place.seq, hash: lineHash(last!) })
  }
  return old
}

const instantOf = (line: string): number =>
  entryOf(line)?.at ?? Date.parse(/"at":"([^"]+)"/.exec(line)?.[1] ?? '')
