import { CofferError, isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Sink } from '../../core/ports/sink.ts'
import { cut, type LogEnd, type LogPlace } from './log-end.ts'
import { linesForward, segmentFile, segmentsIn } from './segments.ts'
import { positionOf } from './line-search.ts'

/** Lines handed to a sink at once. */
const BATCH_LINES = 1_024

interface Feed {
  readonly sink: Sink
  /** It acknowledged up to here; absent until it was asked. */
  seq: number | undefined
  /** An append that was given up on and may still be running. */
  late: Promise<unknown> | undefined
}

/**
 * Hands the log's lines to the required sinks, in order, each from where it stopped. A sink that
 * was away gets what it missed.
 */
export class SinkFeed {
  readonly #place: LogPlace
  readonly #feeds: readonly Feed[]
  /** Where the log ended when it was opened: a sink that cannot tell gets what comes after. */
  readonly #openedAt: number
  readonly #timeoutMs: number
  /** The lines of the last flush, so that they need not be read again. */
  #fresh: { readonly after: number; readonly lines: readonly string[] } = { after: 0, lines: [] }

  constructor(
    place: LogPlace,
    sinks: readonly Sink[],
    openedAt: number,
    timeoutMs: number = LIMITS.auditSinkTimeoutMs,
  ) {
    this.#place = place
    this.#feeds = sinks.map((sink) => ({ sink, seq: undefined, late: undefined }))
    this.#openedAt = openedAt
    this.#timeoutMs = timeoutMs
  }

  /** Whether any must acknowledge. */
  get required(): boolean {
    return this.#feeds.length > 0
  }

  get sinks(): readonly Sink[] {
    return this.#feeds.map(({ sink }) => sink)
  }

  /** @throws CofferError `audit_tampered` when a sink holds more than the log: its tail was cut */
  async refuseBehind(seq: number): Promise<void> {
    for (const feed of this.#feeds) {
      if (feed.seq !== undefined) continue
      const head = await this.#within(feed, () => Promise.resolve(feed.sink.head?.()))
      if (head !== undefined && head.seq > seq) {
        throw cut(
          `The log ends at entry ${seq}, and the sink ${feed.sink.description} holds ${head.seq}: its tail was cut.`,
          { seq, expectedSeq: head.seq },
        )
      }
      feed.seq = head?.seq ?? Math.min(this.#openedAt, seq)
    }
  }

  /** These lines were just appended behind `after`. */
  hint(after: number, lines: readonly string[]): void {
    if (this.#feeds.length > 0) this.#fresh = { after, lines }
  }

  /** @throws CofferError `audit_unavailable` when one does not acknowledge in time */
  async catchUp(end: LogEnd): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => this.#feed(feed, end)))
  }

  async close(): Promise<void> {
    await Promise.all(this.#feeds.map(({ sink }) => sink.close()))
  }

  async #feed(feed: Feed, end: LogEnd): Promise<void> {
    for (const lines of this.#batches(feed.seq ?? end.seq, end)) {
      await this.#within(feed, (signal) => feed.sink.append(lines, signal))
      feed.seq = (feed.seq ?? 0) + lines.length
    }
  }

  *#batches(after: number, end: LogEnd): Generator<readonly string[]> {
    if (after >= end.seq) return
    const { after: freshAfter, lines: fresh } = this.#fresh
    if (after === freshAfter && after + fresh.length === end.seq) return yield fresh
    let lines: string[] = []
    for (const line of this.#linesAfter(after, end)) {
      if (lines.push(line) < BATCH_LINES) continue
      yield lines
      lines = []
    }
    if (lines.length > 0) yield lines
  }

  *#linesAfter(after: number, end: LogEnd): Generator<string> {
    const { fs, dir } = this.#place
    const from = positionOf(this.#place, after + 1)
    if (from === undefined) throw cut(`Entry ${after + 1} is not in the log.`, { seq: after + 1 })
    for (const number of segmentsIn(fs, dir)) {
      if (number < from.segment || number > end.segment) continue
      const file = segmentFile(dir, number)
      const size = number === end.segment ? end.bytes : (fs.stat(file)?.bytes ?? 0)
      const fd = fs.open(file, 'read')
      try {
        const start = number === from.segment ? from.start : 0
        for (const { text } of linesForward(fs, fd, start, size)) yield text
      } finally {
        fs.close(fd)
      }
    }
  }

  async #within<T>(feed: Feed, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (feed.late !== undefined) throw tooSlow(feed.sink, this.#timeoutMs)
    const giveUp = new AbortController()
    const running = work(giveUp.signal)
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = tooSlow(feed.sink, this.#timeoutMs)
        feed.late = running.then(
          () => (feed.late = undefined),
          () => (feed.late = undefined),
        )
        giveUp.abort(error)
        reject(error)
      }, this.#timeoutMs)
    })
    try {
      return await Promise.race([running, expired])
    } catch (cause) {
      if (isCofferError(cause, 'audit_unavailable')) throw cause
      throw new CofferError(
        'audit_unavailable',
        `The audit sink ${feed.sink.description} did not take the events.`,
        { cause, remedy: 'Make the sink reachable again; nothing was handed out.' },
      )
    } finally {
      clearTimeout(timer)
    }
  }
}

const tooSlow = (sink: Sink, timeoutMs: number) =>
  new CofferError(
    'audit_unavailable',
    `The audit sink ${sink.description} did not answer within ${timeoutMs} ms.`,
    { remedy: 'Make the sink reachable again; nothing was handed out.' },
  )
