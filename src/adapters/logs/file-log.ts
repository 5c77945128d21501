import { join } from 'node:path'
import { isCofferError } from '../../core/errors.ts'
import type { Clock, Random } from '../../core/ports/ambient.ts'
import type { AuditLog, AuditSigner, OutboxSource } from '../../core/ports/audit-log.ts'
import type { Sink } from '../../core/ports/sink.ts'
import { auditPublicKey } from '../../crypto/audit-public-key.ts'
import { auditUnavailable, FlushQueue, isPrivileged, type Waiter } from './flush-queue.ts'
import { findEnd, refuseForeign, startOf, type Followed } from './log-end.ts'
import { nodeFs, readSmall, writeAll, type LogFs } from './log-fs.ts'
import { LogWriter } from './log-writer.ts'
import { ProcessLock } from './process-lock.ts'
import { Reserve } from './reserve.ts'
import { SegmentWriter } from './segment-writer.ts'
import { LOCK_FILE, PUBLIC_KEY_BYTES_MAX, PUBLIC_KEY_FILE } from './segments.ts'
import { SinkFeed } from './sink-feed.ts'

export interface FileLogOptions {
  /** Made (0700) when it does not exist. */
  readonly dir: string
  readonly storeId: string
  /** Absent while sealed: lines are then covered by the first flush after unsealing. */
  readonly signer: AuditSigner | undefined
  readonly outbox: OutboxSource
  /** Every line must be acknowledged by these too. They are closed with the log. */
  readonly sinks: readonly Sink[]
  readonly clock: Clock
  readonly random: Random
  /** Whole segments older than this are removed by `prune`; absent: never. */
  readonly retentionDays?: number | undefined
  /** A segment that has reached this is followed by a new one. Default 64 MiB. */
  readonly segmentBytesMax?: number | undefined
  readonly fs?: LogFs | undefined
  /** After each flush: how long it took until its events were durable. */
  readonly flushed?: ((seconds: number) => void) | undefined
}

const SEGMENT_BYTES_MAX = 67_108_864
/** A change that only the outbox holds durably is durable in the log too after this long. */
const SYNC_WITHIN_MS = 100

/**
 * Opens the audit log of a directory (docs/formats/audit.md). A damaged, cut or read-only log
 * opens, so that it can be read and verified; it is appending that is refused.
 * @throws CofferError `audit_unavailable` when it cannot be read, or is another store's
 */
export async function openFileLog(options: FileLogOptions): Promise<AuditLog> {
  const { dir, storeId, signer, fs = nodeFs } = options
  const place = { fs, dir, storeId }
  if (signer !== undefined) await reading(() => refuseForeign(place, signer))
  prepare(fs, dir, signer)
  const followed = await reading(() => endOrStart(place))
  const files = new SegmentWriter(fs, dir, options.segmentBytesMax ?? SEGMENT_BYTES_MAX)
  const sinks = new SinkFeed(place, options.sinks, followed.end.seq)
  const reserve = new Reserve(dir, fs)
  const { outbox, clock, random } = options
  const makeRoom = () => reserve.giveUp()
  const lock = new ProcessLock(join(dir, LOCK_FILE), fs, { random, makeRoom })
  const parts = { place, signer, outbox, clock, lock, files, reserve, sinks }
  const writer = await reading(() => new LogWriter(parts, followed))
  let due: NodeJS.Timeout | undefined
  const flush = timed((waiters) => writer.flush(waiters), options.flushed)
  const queue = new FlushQueue(async (waiters) => {
    await flush(waiters)
    if (writer.unsynced) due ??= setTimeout(() => void sync(), SYNC_WITHIN_MS).unref()
  })
  /** A flush of nothing: what failed stays in the outbox, and the next flush meets the error. */
  const sync = async () => {
    due = undefined
    if (writer.unsynced) await queue.add([], 0).catch(() => {})
  }
  return {
    description: `audit log in ${dir}`,
    get tail() {
      return writer.tail
    },
    async admit(action) {
      // A flush makes the reserve anew, or refuses who waits for it.
      if (!isPrivileged(action) && !reserve.held) await queue.add([], 0)
    },
    makeRoom: (action) => isPrivileged(action) && reserve.giveUp(),
    append: (events) => (events.length === 0 ? Promise.resolve() : queue.add(events, 0)),
    complete: (generation, committed) => queue.add([], generation, committed),
    refresh: () => reading(() => writer.look()),
    async query(filter) {
      const { queryLog } = await import('./log-query.ts')
      return reading(() => queryLog(place, filter))
    },
    async verify(given = {}) {
      const { verifyLog } = await import('./log-verifier.ts')
      return reading(() => verifyLog({ place, signer, sinks: options.sinks }, given))
    },
    async head() {
      const { headOf } = await import('./log-head.ts')
      return reading(() => headOf(place, signer))
    },
    follow(each, failed) {
      let stopped = false
      let stop = () => {
        stopped = true
      }
      const start = async () => {
        const from = findEnd(place).end
        const { followLog } = await import('./log-follower.ts')
        if (!stopped) stop = followLog(place, from, each, failed)
      }
      start().catch((error: unknown) => failed(auditUnavailable(error)))
      return () => stop()
    },
    async changesAfter(seq, limit) {
      const { changesAfter } = await import('./change-reader.ts')
      return reading(() => changesAfter(place, seq, limit))
    },
    async *export(filter = {}) {
      const { exportLog } = await import('./log-exporter.ts')
      yield* exportLog(place, filter.fromSeq)
    },
    async prune(now, actor) {
      if (options.retentionDays === undefined) return []
      const { pruneLog } = await import('./log-pruner.ts')
      return reading(() => pruneLog(place, writer, options.retentionDays!, now, actor))
    },
    async close() {
      clearTimeout(due)
      await sync()
      await queue.close()
      files.close()
      lock.close()
      await sinks.close()
    },
  }
}

/** What can be made is made; on a read-only directory reading still works. */
function prepare(fs: LogFs, dir: string, signer: AuditSigner | undefined): void {
  try {
    fs.makeDir(dir)
    const file = join(dir, PUBLIC_KEY_FILE)
    if (signer === undefined || holdsKey(fs, file, signer)) return
    const fd = fs.open(file, 'replace')
    try {
      writeAll(fs, fd, Buffer.from(signer.publicKeyPem), 0)
      fs.sync(fd)
    } finally {
      fs.close(fd)
    }
  } catch {
    // Appending will say what is wrong.
  }
}

/** A power cut may have left the file empty. Another log's key is left alone. */
function holdsKey(fs: LogFs, file: string, { publicKeyPem }: AuditSigner): boolean {
  const pem = readSmall(fs, file, PUBLIC_KEY_BYTES_MAX)
  if (pem === undefined || pem === publicKeyPem) return pem !== undefined
  try {
    auditPublicKey(pem)
    return true
  } catch {
    return false
  }
}

type Flush = (waiters: readonly Waiter[]) => Promise<void>

/** The first look at `performance` loads 1.5 ms of Node: only for somebody who wants to know. */
function timed(flush: Flush, flushed: FileLogOptions['flushed']): Flush {
  if (flushed === undefined) return flush
  return async (waiters) => {
    const startedAt = performance.now()
    await flush(waiters)
    flushed((performance.now() - startedAt) / 1_000)
  }
}

/** Node's own errors become ours. */
async function reading<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw auditUnavailable(error)
  }
}

/** A log that was cut still opens: the first append tells so, and `verify` tells where. */
function endOrStart(place: { fs: LogFs; dir: string; storeId: string }): Followed {
  try {
    return findEnd(place)
  } catch (error) {
    if (isCofferError(error, 'audit_tampered')) return { end: startOf(place.storeId) }
    throw error
  }
}
