import { CofferError } from '../core/errors.ts'
import { canonicalPrefix, isBelow } from '../core/path.ts'
import { kindOf } from '../core/policy/pattern.ts'
import type { AuditChanges } from '../core/ports/audit-log.ts'
import type { AuditEntry, ChangeEvent, Coffer } from '../core/ports/coffer.ts'
import type { StoreReader } from '../core/ports/store.ts'
import type { SecretRecord } from '../core/record.ts'
import type { ActorAccess } from './access.ts'
import { allows, readsSome } from './access.ts'
import { originFacts } from './audited.ts'
import type { EngineContext, Origin } from './context.ts'
import { makeCursor, openCursor } from './cursor.ts'
import { refuseOlder } from './witness.ts'

/** Well inside the promised 2 s; the log's own durability takes some of it. */
const POLL_MS = 250
/** Changes looked up and judged at a time. */
const PAGE = 500

/** `Coffer.events` for every actor, from one look at the log for all who are equally far. */
export interface EventHub {
  events(origin: Origin, ...rest: Parameters<Coffer['events']>): () => void
  stop(): void
}

interface Follower {
  readonly origin: Origin
  readonly prefix: string
  readonly each: (event: ChangeEvent) => void
  readonly failed: (error: unknown) => void
  /** Changes up to this generation were made before it began, ... */
  readonly begun: { readonly generation: number; readonly at: number } | undefined
  /** How far in the log it is. */
  seq: number
}

export function createEventHub(context: EngineContext): EventHub {
  const followers = new Set<Follower>()
  let timer: NodeJS.Timeout | undefined
  let looking = false

  const leave = (follower: Follower) => {
    followers.delete(follower)
    if (followers.size > 0 || timer === undefined) return
    clearInterval(timer)
    timer = undefined
  }
  const drop = (follower: Follower, error: unknown) => {
    if (!followers.has(follower)) return
    leave(follower)
    follower.failed(error)
  }

  /** One page for all who are equally far; true when there is more for them. */
  async function advance(group: readonly Follower[], seq: number): Promise<boolean> {
    try {
      const page = await context.log.changesAfter(seq, PAGE)
      const told = await judge(context, group, page)
      for (const [follower, events] of told) {
        for (const event of events) if (followers.has(follower)) hand(follower, event)
        follower.seq = page.seq
      }
      return page.more
    } catch (error) {
      for (const follower of group) drop(follower, error)
      return false
    }
  }

  const hand = (follower: Follower, event: ChangeEvent) => {
    try {
      follower.each(event)
    } catch (error) {
      drop(follower, error)
    }
  }

  async function look(): Promise<void> {
    if (looking) return
    looking = true
    try {
      for (let more = true; more;) {
        more = false
        const groups = Map.groupBy(followers, ({ seq }) => seq)
        for (const [seq, group] of groups) more = (await advance(group, seq)) || more
      }
    } finally {
      looking = false
    }
  }

  // What it rejects with comes from a `failed` that throws: that is the listener's own trouble.
  const start = () => {
    look().catch(() => {})
  }

  return {
    events(origin, query, each, failed, began = () => {}) {
      let stopped = false
      let follower: Follower | undefined
      begin(context, origin, query, each, failed).then(
        (made) => {
          if (stopped) return
          follower = made
          followers.add(made)
          timer ??= setInterval(start, POLL_MS).unref()
          began(cursorAt(context, made.seq))
          start()
        },
        (error: unknown) => {
          if (!stopped) failed(error)
        },
      )
      return () => {
        stopped = true
        if (follower !== undefined) leave(follower)
      }
    },
    stop() {
      followers.clear()
      clearInterval(timer)
      timer = undefined
    },
  }
}

/** Where it begins is settled at once, and that somebody looks is audited before anything is told. */
async function begin(
  context: EngineContext,
  origin: Origin,
  query: { after?: string | undefined; prefix?: string | undefined },
  each: Follower['each'],
  failed: Follower['failed'],
): Promise<Follower> {
  const at = context.clock()
  const { seq } = context.log.tail
  const begun = { generation: context.witness.known(), at }
  const prefix = canonicalPrefix(query.prefix ?? '')
  const after = query.after === undefined ? undefined : seqOf(context, query.after)
  if (after !== undefined && after > (await context.log.refresh()).seq) {
    throw new CofferError('not_found', 'The log has never been as far as this cursor.', {
      remedy: 'A backup was restored since: begin anew.',
    })
  }
  const resource = prefix === '' ? '**' : `${prefix}/**`
  const event = { action: 'list', outcome: 'allowed', reason: 'follows changes' } as const
  await context.log.append([
    { at, actor: origin.actor, ...event, resource, ...originFacts(origin) },
  ])
  const from = after === undefined ? { begun, seq } : { begun: undefined, seq: after }
  return { origin, prefix, each, failed, ...from }
}

/** What each of them may be told of a page, all judged by one snapshot. */
async function judge(
  context: EngineContext,
  group: readonly Follower[],
  page: AuditChanges,
): Promise<Map<Follower, ChangeEvent[]>> {
  const changes = page.entries.filter(
    ({ resource, outcome }) =>
      outcome === 'allowed' && resource !== undefined && kindOf(resource) === undefined,
  )
  if (changes.length === 0) return new Map(group.map((follower) => [follower, []]))
  const events = changes.map((entry) => eventOf(context, entry))
  const known = context.witness.known()
  return context.store.read(async (rows) => {
    const state = await rows.state()
    refuseOlder(state?.generation ?? 0, known)
    const records = recordsIn(context, rows)
    const told = new Map<Follower, ChangeEvent[]>()
    for (const follower of group) {
      const { origin, prefix, begun } = follower
      const access = await context.access.loadFrom(rows, origin, state?.accessGeneration ?? 0)
      const mine: ChangeEvent[] = []
      for (const [i, event] of events.entries()) {
        if (!isBelow(event.path, prefix) || isBefore(changes[i]!, begun)) continue
        if (await mayKnow(access, origin, event.path, records, context.clock())) mine.push(event)
      }
      told.set(follower, mine)
    }
    return told
  })
}

const isBefore = ({ generation = 0, at }: AuditEntry, begun: Follower['begun']): boolean =>
  begun !== undefined && (generation <= begun.generation || at < begun.at)

async function mayKnow(
  access: ActorAccess,
  origin: Origin,
  path: string,
  records: (path: string) => Promise<SecretRecord | undefined>,
  at: number,
): Promise<boolean> {
  return (
    allows(access, { action: 'list', path, at }).allowed ||
    readsSome(access, origin, path, await records(path), at)
  )
}

/** A secret in this snapshot, each looked up once. */
function recordsIn({ heads }: EngineContext, rows: StoreReader) {
  const known = new Map<string, SecretRecord | undefined>()
  return async (path: string): Promise<SecretRecord | undefined> => {
    if (known.has(path)) return known.get(path)
    const row = await rows.head('secret', path)
    const record = row === undefined ? undefined : heads.secret(path, row.head)
    known.set(path, record)
    return record
  }
}

function eventOf(context: EngineContext, entry: AuditEntry): ChangeEvent {
  const { seq, at, action, resource = '', version, label } = entry
  return {
    cursor: cursorAt(context, seq),
    at,
    action,
    path: resource,
    ...(version === undefined ? {} : { version }),
    ...(label === undefined ? {} : { label }),
  }
}

/** All cursors are equally long: their length tells nothing of how much is going on. */
const SEQ_DIGITS = 16

const cursorAt = (context: EngineContext, seq: number): string =>
  makeCursor(context, 'event cursor', String(seq).padStart(SEQ_DIGITS, '0'))

const seqOf = (context: EngineContext, cursor: string): number =>
  Number(openCursor(context, 'event cursor', cursor))
