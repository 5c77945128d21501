import type { KeyObject } from 'node:crypto'
import { isCofferError } from '../../core/errors.ts'
import type { AuditEvent } from '../../core/event.ts'
import type { Clock } from '../../core/ports/ambient.ts'
import type { AuditSigner, AuditTail, OutboxSource } from '../../core/ports/audit-log.ts'
import { eventBody, eventLine, lineHash, placeOf, signatureLine } from '../../crypto/audit-line.ts'
import { auditUnavailable, isChange, type Waiter } from './flush-queue.ts'
import {
  cut,
  findEnd,
  follow,
  genuine,
  prunedThrough,
  readWitness,
  refuseCut,
  stillThere,
  verifyingKey,
  type Followed,
  type LogEnd,
  type LogPlace,
  type Witness,
} from './log-end.ts'
import { isFull } from './log-fs.ts'
import type { ProcessLock } from './process-lock.ts'
import type { Reserve } from './reserve.ts'
import type { SegmentWriter } from './segment-writer.ts'
import type { SinkFeed } from './sink-feed.ts'
import { positionOf } from './line-search.ts'
import { outboxBodies } from './outbox-bodies.ts'
import { repairsOf } from './repairs.ts'
import { refuse, refuseOrdinary } from './refuse.ts'
import { segmentsIn } from './segments.ts'

export interface WriterParts {
  readonly place: LogPlace
  readonly signer: AuditSigner | undefined
  readonly outbox: OutboxSource
  readonly clock: Clock
  readonly lock: ProcessLock
  readonly files: SegmentWriter
  readonly reserve: Reserve
  readonly sinks: SinkFeed
}

/**
 * Writes flushes: the lock, what others appended, the outbox, one write, one sync, the head, the
 * sinks. Knows the end of the log as of its last look.
 */
export class LogWriter {
  readonly #parts: WriterParts
  #publicKey: KeyObject | undefined
  /** The last good line at the last look; another process may yet take back what is not durable. */
  #end: LogEnd
  /** The newest point that is known to be on the disk. */
  #durable: AuditTail
  /**
   * Where our lines begin that are written and not yet synced. All of them are changes, which the
   * store holds durably in its outbox: a power cut that takes them from here takes nothing.
   */
  #unsynced: LogEnd | undefined
  /** Our newest signature line, while the head file does not have it. */
  #headDue: string | undefined
  /** Lines up to this generation were taken back by a failed sync, and must come again. */
  #owed = 0
  #newest = 0

  constructor(parts: WriterParts, followed: Followed) {
    this.#parts = parts
    this.#end = followed.end
    this.#durable = durableOf(followed.end, this.#genuine(readWitness(parts.place), followed.end))
  }

  get tail(): AuditTail {
    return this.#durable
  }

  /** Whether a flush with nothing in it would have something to sync. */
  get unsynced(): boolean {
    return this.#unsynced !== undefined
  }

  #genuine(witness: Witness | undefined, end: LogEnd): Witness | undefined {
    const { place, signer } = this.#parts
    return genuine(place, witness, end, () => {
      this.#publicKey ??= verifyingKey(place, signer)
      return this.#publicKey
    })
  }

  /**
   * Looks for what other processes appended. Lines that the head file does not vouch for are being
   * written now, or a power cut took the newest head: under the lock it can only be the latter, and
   * they are made durable. Writes nothing, so that a full disk keeps nobody out.
   */
  async look(): Promise<AuditTail> {
    const { lock, files } = this.#parts
    this.#adopt()
    if (this.#end.seq === this.#durable.seq) return this.#durable
    await lock.acquire()
    try {
      this.#adopt()
      files.sync(this.#end)
      this.#unsynced = undefined
      this.#durable = tailOf(this.#end)
      return this.#durable
    } finally {
      lock.release()
    }
  }

  /** Settles every waiter, or rejects. */
  async flush(waiters: readonly Waiter[]): Promise<void> {
    const { lock } = this.#parts
    await lock.acquire()
    try {
      await this.#flushLocked(waiters)
    } finally {
      lock.release()
    }
  }

  /** Runs `work` alone among all processes, on a log that was looked at under the lock. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    await this.#parts.lock.acquire()
    try {
      await this.#append(this.#settle())
      return await work()
    } finally {
      this.#parts.lock.release()
    }
  }

  /**
   * Appends an administrator's events, down to the sinks, from the reserve where that is needed. The
   * caller is inside of `exclusively`.
   */
  async write(events: readonly AuditEvent[]): Promise<void> {
    const { reserve, sinks } = this.#parts
    const bodies = events.map((event) => eventBody(event))
    await sinks.refuseBehind(this.#end.seq)
    const before = this.#end
    try {
      await this.#append(bodies)
    } catch (error) {
      if (!isFull(error) || this.#end.seq !== before.seq) throw error
      reserve.giveUp()
      await this.#append(bodies)
    }
    await sinks.catchUp(this.#end)
  }

  async #flushLocked(waiters: readonly Waiter[]): Promise<void> {
    const { lock, reserve, sinks } = this.#parts
    const first = this.#settle()
    const repaired = first.length > 0
    await sinks.refuseBehind(this.#end.seq)
    let open = await this.#completeOutbox(waiters, first)
    if (!reserve.make(lock.stamp)) open = refuseOrdinary(open)
    const before = this.#end
    // A change is durable in the outbox already; everything else only once it is synced here.
    const durable = repaired || sinks.required || !open.every(isChange)
    const bodies = () => [...first, ...open.flatMap((waiter) => waiter.bodies)]
    try {
      await this.#append(bodies(), durable)
    } catch (error) {
      // With the lines in place it was the head file that found no room.
      if (!isFull(error) || this.#end.seq !== before.seq) throw error
      open = refuseOrdinary(open, error)
      if (open.length === 0) return
      reserve.giveUp()
      await this.#append(bodies(), durable)
    }
    await sinks.catchUp(this.#end)
    for (const waiter of open) waiter.resolve()
  }

  /** Brings our view up to date under the lock. Returns bodies of events that this itself caused. */
  #settle(): string[] {
    const { place, files, lock } = this.#parts
    if (files.unchanged(this.#end, lock.stamp)) return []
    files.recover(readWitness(place)?.seq ?? 0)
    const found = this.#adopt()
    this.#newest = segmentsIn(place.fs, place.dir).at(-1) ?? 0
    if (found.torn !== undefined) files.trim(found.torn)
    return repairsOf(this.#end, found, this.#parts.clock())
  }

  #adopt(): Followed & { readonly witnessed: boolean } {
    const { place } = this.#parts
    // The head is read first: it may then be behind the log, but never ahead of it.
    const read = readWitness(place)
    const followed =
      this.#end.seq > 0 && stillThere(place, this.#end) ? follow(place, this.#end) : this.#afresh()
    const witness = this.#genuine(read, followed.end)
    refuseCut(followed, witness)
    this.#end = followed.end
    const durable = durableOf(followed.end, witness)
    if (durable.seq > this.#durable.seq) this.#durable = durable
    // Another process has synced a line behind ours, and ours with it.
    if (this.#unsynced !== undefined && durable.seq > this.#unsynced.seq) this.#unsynced = undefined
    return { ...followed, witnessed: witness !== undefined }
  }

  /** What was not durable may have been taken back; what was must still be there. */
  #afresh(): Followed {
    const { place } = this.#parts
    const { seq, hash } = this.#durable
    const followed = findEnd(place)
    if (seq === 0 || hash === followed.end.hash) return followed
    const line = positionOf(place, seq)?.text
    if (line !== undefined && lineHash(line) === hash) return followed
    // Another process has pruned it; `verify` asks for the signed event that says so.
    if (followed.end.seq > seq && prunedThrough(place) >= seq) return followed
    throw cut(`The log no longer holds entry ${seq}, which this process saw: it was put back.`, {
      seq,
    })
  }

  /** The outbox's events first; a failure of the store concerns only those who wait for it. */
  async #completeOutbox(waiters: readonly Waiter[], bodies: string[]): Promise<readonly Waiter[]> {
    const wanted = waiters.reduce((most, { generation }) => Math.max(most, generation), this.#owed)
    if (wanted <= this.#end.generation) return waiters
    try {
      const known = waiters.flatMap(({ committed }) => committed)
      const missing = (until: number) =>
        outboxBodies(this.#parts.outbox, this.#end.generation, until, known)
      // After a full disk there may be more than memory should hold at once.
      while (wanted - this.#end.generation > OUTBOX_AT_ONCE) {
        const some = await missing(this.#end.generation + OUTBOX_AT_ONCE)
        await this.#append([...bodies, ...some], false)
        bodies.length = 0
      }
      for (const body of await missing(wanted)) bodies.push(body)
      return waiters
    } catch (error) {
      if (isCofferError(error, 'audit_tampered')) throw error
      const translated = auditUnavailable(error)
      return refuse(waiters, (waiter) => waiter.generation > this.#end.generation, translated)
    }
  }

  async #append(bodies: readonly string[], durable = true): Promise<void> {
    const { place, signer, files, clock } = this.#parts
    const before = this.#end
    const unsigned = before.seq > before.signedSeq
    if (bodies.length === 0 && !(unsigned && durable && signer !== undefined)) {
      if (durable) await this.#makeDurable()
      return
    }
    const lines: string[] = []
    let { seq, hash, generation, signedSeq } = before
    const put = (line: string) => {
      lines.push(line)
      hash = lineHash(line)
    }
    for (const body of bodies) {
      const line = eventLine(++seq, body, hash)
      put(line)
      generation = Math.max(generation, generationIn(line))
    }
    // One signature covers all that is synced together.
    const signs = signer !== undefined && durable
    if (signs) {
      signedSeq = ++seq
      put(signatureLine({ seq, at: clock(), generation, prev: hash }, place.storeId, signer))
    }
    const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1')
    const at = files.next(before, this.#newest)
    if (at.segment !== before.segment) await this.#makeDurable()
    files.append(at, before.seq, bytes)
    this.#parts.sinks.hint(before.seq, lines)
    this.#newest = at.segment
    this.#unsynced ??= { ...before, segment: at.segment, bytes: at.bytes }
    this.#headDue = signs ? lines.at(-1) : undefined
    this.#end = {
      segment: at.segment,
      bytes: at.bytes + bytes.length,
      seq,
      hash,
      generation,
      signedSeq,
    }
    if (durable) await this.#makeDurable(bodies.length)
  }

  /** All lines up to the end are on the disk, and the head file says so. */
  async #makeDurable(events = 0): Promise<void> {
    const { files } = this.#parts
    const from = this.#unsynced
    if (from !== undefined) {
      try {
        await files.settle(from, events >= CROWD)
      } catch (error) {
        this.#owed = Math.max(this.#owed, this.#end.generation)
        this.#end = from
        this.#unsynced = undefined
        this.#headDue = undefined
        throw error
      }
      this.#unsynced = undefined
    } else if (this.#durable.seq < this.#end.seq) {
      files.sync(this.#end)
    }
    this.#owed = 0
    const head = this.#headDue
    this.#headDue = undefined
    if (head !== undefined && lineHash(head) === this.#end.hash) files.writeHead(head)
    this.#durable = tailOf(this.#end)
  }
}

/** The outbox goes to the log in pieces of about so many rows. */
const OUTBOX_AT_ONCE = 10_000
/** So many at once come from callers of whom others have work to be done meanwhile. */
const CROWD = 8

const tailOf = ({ seq, hash, generation }: LogEnd): AuditTail => ({
  seq,
  hash: seq === 0 ? '' : hash,
  generation,
})

/** What the head file vouches for; without one, what is there. */
function durableOf(end: LogEnd, witness: Witness | undefined): AuditTail {
  const place = witness === undefined ? undefined : placeOf(witness.line)
  if (witness === undefined || place === undefined || place.seq > end.seq) return tailOf(end)
  return { seq: place.seq, hash: lineHash(witness.line), generation: place.generation }
}

/** Of a change; 0 of everything else, which is found out without an expression. */
const generationIn = (line: string): number =>
  line.includes(',"generation":') ? Number(GENERATION.exec(line)?.[1] ?? 0) : 0

const GENERATION = /,"generation":([0-9]{1,16}),/
