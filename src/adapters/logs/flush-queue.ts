import { CofferError, isCofferError } from '../../core/errors.ts'
import type { AuditAction, AuditEvent } from '../../core/event.ts'
import { LIMITS } from '../../core/limits.ts'
import type { CommittedEvent } from '../../core/ports/audit-log.ts'
import { rememberingLast } from '../../core/remembering-last.ts'
import { eventBody, isoOf } from '../../crypto/audit-line.ts'
import { errnoOf, isFull } from './log-fs.ts'

/** One call that waits for durability. */
export interface Waiter {
  /** Bodies of its events, ready to be numbered. */
  readonly bodies: readonly string[]
  /** The outbox must be in the log up to here; 0 for events that change nothing. */
  readonly generation: number
  /** Events of the outbox that the caller knows. */
  readonly committed: readonly CommittedEvent[]
  /** An administrator's action that was not denied: may use the reserve. */
  readonly privileged: boolean
  resolve(): void
  reject(error: unknown): void
}

/** Waits for the outbox only, and has nothing of its own to write. */
export const isChange = ({ bodies, generation }: Waiter): boolean =>
  bodies.length === 0 && generation > 0

/** No flush takes more events than this from the queue (a single call's are never split). */
const FLUSH_EVENTS_MAX = 1_024
/** How many turns of the event loop a flush waits for, at most, while each brings more events. */
const TURNS_MAX = 3
/** The event loop turns at least this often. */
const TURN_WITHIN_MS = 5

/**
 * Gathers concurrent calls into flushes: one runs at a time, and takes all that waits by then.
 */
export class FlushQueue {
  readonly #flush: (waiters: readonly Waiter[]) => Promise<void>
  #waiting: Waiter[] = []
  #size = 0
  #running: Promise<void> | undefined
  #closed = false
  #turnedAtMs = 0
  readonly #instantOf = rememberingLast(isoOf)

  /** `flush` settles every waiter itself; when it rejects, those that are left get its error. */
  constructor(flush: (waiters: readonly Waiter[]) => Promise<void>) {
    this.#flush = flush
  }

  /** @throws CofferError `audit_unavailable` when `auditQueueMax` events wait already */
  add(
    events: readonly AuditEvent[],
    generation: number,
    committed: readonly CommittedEvent[] = [],
  ): Promise<void> {
    if (this.#closed) {
      return Promise.reject(closed())
    }
    const size = Math.max(1, events.length)
    if (this.#size + size > LIMITS.auditQueueMax) {
      return Promise.reject(
        new CofferError(
          'audit_unavailable',
          `More than ${LIMITS.auditQueueMax} audit events wait to be written.`,
          { remedy: 'Ask for less at once, or give the audit log a faster disk.' },
        ),
      )
    }
    return new Promise((resolve, reject) => {
      const bodies = events.map((event) => eventBody(event, this.#instantOf))
      const privileged = generation > 0 || events.some(mayUseReserve)
      this.#waiting.push({ bodies, generation, committed, privileged, resolve, reject })
      this.#size += size
      this.#running ??= this.#run()
    })
  }

  /** Takes nothing more, and resolves when nothing waits. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather()
      const taken = this.#take()
      try {
        await this.#flush(taken)
      } catch (error) {
        const translated = auditUnavailable(error)
        for (const waiter of taken) waiter.reject(translated)
      }
    }
    this.#running = undefined
  }

  /**
   * Everything that is asked in this turn of the event loop shares the flush, and in the next ones
   * while they bring more: a flush costs as much for many as for one. Changes come one after the
   * other from the store, so those wait for no turn of their own, but for one now and then: a loop of
   * changes alone must not keep the event loop from turning.
   */
  async #gather(): Promise<void> {
    const now = Number(process.hrtime.bigint() / 1_000_000n)
    if (this.#waiting.every(isChange) && now - this.#turnedAtMs < TURN_WITHIN_MS) return
    this.#turnedAtMs = now
    for (let turns = 0, before = 0; turns < TURNS_MAX && this.#size > before; turns++) {
      before = this.#size
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #take(): Waiter[] {
    let events = 0
    let count = 0
    for (const waiter of this.#waiting) {
      events += Math.max(1, waiter.bodies.length)
      if (count > 0 && events > FLUSH_EVENTS_MAX) break
      count++
    }
    const taken = this.#waiting.splice(0, count)
    for (const waiter of taken) this.#size -= Math.max(1, waiter.bodies.length)
    return taken
  }
}

/** Any failure of the log as the caller must see it: nothing was handed out. */
export function auditUnavailable(error: unknown): CofferError {
  if (isCofferError(error)) return error
  const errno = errnoOf(error)
  const full = isFull(error)
  return new CofferError(
    'audit_unavailable',
    full
      ? 'The disk of the audit log is full.'
      : `The audit log cannot be written${errno === undefined ? '' : ` (${errno})`}.`,
    {
      cause: error,
      ...(errno === undefined ? {} : { details: { errno } }),
      ...(full ? { remedy: 'Free disk space there; nothing was handed out.' } : {}),
    },
  )
}

/**
 * What administrators change, above all in trouble: whoever floods the log may do none of it. Looking
 * is not among it, not even at the audit log: a program that polls it would use the reserve up.
 */
const PRIVILEGED =
  /^(key|policy|role|actor|setting|approle|jwt|store)\.|^(delete|destroy|purge|audit\.prune)$|\.(revoke|delete|destroy)$/

export const isPrivileged = (action: AuditAction): boolean => PRIVILEGED.test(action)

const mayUseReserve = ({ action, outcome }: AuditEvent): boolean =>
  outcome !== 'denied' && isPrivileged(action)

const closed = () =>
  new CofferError('audit_unavailable', 'The audit log is closed: this Coffer was closed.', {
    remedy: 'Open it again, or close it later.',
  })
