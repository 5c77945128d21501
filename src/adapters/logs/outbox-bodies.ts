import { CofferError } from '../../core/errors.ts'
import type { AuditEvent } from '../../core/event.ts'
import type { OutboxSource } from '../../core/ports/audit-log.ts'
import type { OutboxRow } from '../../core/ports/store.ts'
import { eventBody } from '../../crypto/audit-line.ts'
import { cut } from './log-end.ts'

const PAGE_ROWS = 500

/** Events that begin a numbering of their own: a new store, a restored one, an accepted one. */
const JUMPS: ReadonlySet<string> = new Set(['store.init', 'store.restore', 'store.epoch'])

/**
 * Bodies of the outbox's events after `generation`, in order and without a gap, at least up to
 * `wanted`.
 * @throws CofferError `audit_tampered` when generations are missing: the log once held them, for
 * the outbox forgets only what the log has
 */
export async function outboxBodies(
  outbox: OutboxSource,
  generation: number,
  wanted: number,
): Promise<string[]> {
  const bodies: string[] = []
  let reached = generation
  while (reached < wanted) {
    const rows = await outbox.after(reached, PAGE_ROWS)
    for (const row of rows) {
      const event = parsed(row)
      if (row.generation !== reached + 1 && !JUMPS.has(event.action)) break
      bodies.push(eventBody({ ...event, generation: row.generation }))
      reached = row.generation
    }
    if (reached < wanted && rows.at(-1)?.generation !== reached) {
      throw cut(
        `The log ends at generation ${generation} and the store is at ${wanted}, but the outbox no longer has generation ${reached + 1}: the log was cut or put back.`,
        { logGeneration: generation, storeGeneration: wanted, missingGeneration: reached + 1 },
      )
    }
  }
  return bodies
}

function parsed(row: OutboxRow): AuditEvent {
  try {
    return JSON.parse(row.event) as AuditEvent
  } catch (cause) {
    throw new CofferError('corrupt', `The outbox's event ${row.generation} is not JSON.`, { cause })
  }
}
