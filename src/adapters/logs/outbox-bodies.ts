import { CofferError } from '../../core/errors.ts'
import type { AuditEvent } from '../../core/event.ts'
import type { CommittedEvent, OutboxSource } from '../../core/ports/audit-log.ts'
import type { OutboxRow } from '../../core/ports/store.ts'
import { eventBody } from '../../crypto/audit-line.ts'
import { cut } from './log-end.ts'

const PAGE_ROWS = 500

/**
 * Events behind which the numbering is sound, whatever is missing before: a store that is new, put
 * back, or accepted as it is by a person.
 */
const FRESH_STARTS: ReadonlySet<string> = new Set(['store.init', 'store.restore', 'store.epoch'])

/**
 * Bodies of the outbox's events after `generation`, in order, at least up to `wanted`, without a gap
 * behind the newest fresh start. Events that are `known` and continue the log are not read again.
 * @throws CofferError `audit_tampered` when generations are missing: the log once held them, for
 * the outbox forgets only what the log has
 */
export async function outboxBodies(
  outbox: OutboxSource,
  generation: number,
  wanted: number,
  known: readonly CommittedEvent[] = [],
): Promise<string[]> {
  const bodies: string[] = []
  let reached = generation
  for (const event of known.toSorted((a, b) => a.generation - b.generation)) {
    if (event.generation !== reached + 1) continue
    bodies.push(event.body)
    reached = event.generation
  }
  let missing: number | undefined
  // A fresh start behind a gap may come after what is wanted.
  while (reached < wanted || missing !== undefined) {
    const rows = await outbox.after(reached, PAGE_ROWS)
    for (const row of rows) {
      const event = parsed(row)
      const gap = row.generation !== reached + 1 && !FRESH_STARTS.has(event.action)
      // A gap behind what is wanted is the trouble of whoever wants that.
      if (gap && missing === undefined && reached >= wanted) return bodies
      if (gap) missing ??= reached + 1
      if (FRESH_STARTS.has(event.action)) missing = undefined
      bodies.push(eventBody({ ...event, generation: row.generation }))
      reached = row.generation
    }
    if (rows.length === 0) {
      missing ??= reached + 1
      break
    }
  }
  if (missing === undefined) return bodies
  throw cut(
    `The log ends at generation ${generation} and the store is at ${wanted}, but the outbox no longer has generation ${missing}: the log was cut or put back.`,
    { logGeneration: generation, storeGeneration: wanted, missingGeneration: missing },
  )
}

function parsed(row: OutboxRow): AuditEvent {
  try {
    return JSON.parse(row.event) as AuditEvent
  } catch (cause) {
    throw new CofferError('corrupt', `The outbox's event ${row.generation} is not JSON.`, { cause })
  }
}
