import { CofferError, isCofferError } from '../../core/errors.ts'
import type { AuditEvent } from '../../core/event.ts'
import { checkDestination, deliveredElsewhere } from '../../core/delivery.ts'
import { CURRENT, checkLabel, labelsOf } from '../../core/label.ts'
import { LIMITS } from '../../core/limits.ts'
import { canonicalPath } from '../../core/path.ts'
import type {
  ReadAnswer,
  ReadRef,
  SecretVersion,
  ListQuery,
  Page,
  PathAnswer,
} from '../../core/ports/coffer.ts'
import type { CurrentRow } from '../../core/ports/store.ts'
import type { SecretRecord, VersionRecord } from '../../core/record.ts'
import type { Mutable } from '../../core/mutable.ts'
import type { ActorAccess } from '../access.ts'
import { allows, denied, refuseByOrigin } from '../access.ts'
import type { EngineContext, Origin } from '../context.ts'
import { refuseOlder } from '../witness.ts'
import { originFacts } from '../audited.ts'
import { findPage } from './list.ts'
import { wholeNumber } from './numbers.ts'
import { openVersionRow } from './open.ts'
import { refuseUnusable, versionOf } from './usable.ts'

/**
 * The one place where access to a value is decided, audited and decrypted. Nothing is handed out
 * before its event is durable (law 2).
 */
export async function readOne(
  context: EngineContext,
  origin: Origin,
  ref: ReadRef,
): Promise<SecretVersion | undefined> {
  const found = await find(context, origin, ref)
  await appendOrErase(context, [found])
  if ('error' in found) throw found.error
  return found.value
}

/** Answers in order; all events share one append. @throws `limit_exceeded` */
export async function readMany(
  context: EngineContext,
  origin: Origin,
  refs: readonly ReadRef[],
): Promise<ReadAnswer[]> {
  if (refs.length > LIMITS.batchMax) {
    throw new CofferError('limit_exceeded', `At most ${LIMITS.batchMax} references at once.`)
  }
  return answerAll(context, origin, refs, [])
}

/**
 * All secrets of one page of a listing, read: one append for having looked and for every value.
 * @throws as `list`
 */
export async function readBelow(
  context: EngineContext,
  origin: Origin,
  query: Pick<ListQuery, 'prefix' | 'cursor'>,
): Promise<Page<PathAnswer>> {
  const { page, event } = await findPage(context, origin, { ...query, limit: LIMITS.batchMax })
  const answers = await answerAll(
    context,
    origin,
    page.items.map(({ path }) => ({ path })),
    [event],
  )
  const items = answers.map((answer, i) => ({ path: page.items[i]?.path ?? '', answer }))
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor }
}

async function answerAll(
  context: EngineContext,
  origin: Origin,
  refs: readonly ReadRef[],
  before: readonly AuditEvent[],
): Promise<ReadAnswer[]> {
  const found = await Promise.all(
    refs.map(async (ref) => {
      try {
        return await find(context, origin, ref)
      } catch (error) {
        return { error }
      }
    }),
  )
  const decided = found.filter((f) => 'event' in f)
  await appendOrErase(context, decided, before)
  return found.map((f) => ('error' in f ? { error: f.error } : { value: f.value }))
}

type Found = ({ readonly value: SecretVersion | undefined } | { readonly error: CofferError }) & {
  readonly event: AuditEvent
  /** Of the snapshot that a value comes from. */
  readonly generation?: number
}

/**
 * When an event cannot be made durable, the values it was about are gone. Neither does a value leave
 * before the event of its own write, which a process that died may have left in the outbox.
 */
async function appendOrErase(
  context: EngineContext,
  found: readonly Found[],
  before: readonly AuditEvent[] = [],
): Promise<void> {
  try {
    await context.log.append([...before, ...found.map((f) => f.event)])
    const generation = found.reduce((most, f) => Math.max(most, f.generation ?? 0), 0)
    if (generation > context.log.tail.generation) await context.log.complete(generation)
  } catch (error) {
    for (const f of found) if ('value' in f) f.value?.secret.erase()
    throw error
  }
}

/** Everything but the audit. Rejects where nothing was decided: a bad path, a failing store. */
async function find(context: EngineContext, origin: Origin, ref: ReadRef): Promise<Found> {
  const path = canonicalPath(ref.path)
  if (ref.version !== undefined) wholeNumber('version', ref.version, 1, Number.MAX_SAFE_INTEGER)
  if (ref.label !== undefined) checkLabel(ref.label)
  if (ref.deliverTo !== undefined) checkDestination(ref.deliverTo)
  if (ref.elsewhere !== undefined) return findElsewhere(context, origin, path, ref)
  const at = context.clock()
  let version: VersionRecord | undefined
  let decided = false
  try {
    const fetched = isPlain(ref) ? fetchCurrent(context, path) : fetchNamed(context, path, ref)
    const row = fetched instanceof Promise ? await fetched : fetched
    const access =
      context.access.known(origin, row.accessGeneration) ??
      (await context.access.loadOnce(origin, row.accessGeneration))
    const { record } = row
    version = record === undefined ? undefined : versionOf(record, ref)
    refuseDenied(origin, access, path, at, ref, record, version)
    if (record !== undefined) refuseByOrigin(origin, actionOf(ref), record)
    decided = true
    if (record === undefined || version === undefined) {
      return { value: undefined, event: eventOf(origin, at, path, ref, version, 'not_found') }
    }
    refuseUnusable(record, version, at)
    const opened = openVersionRow(context, row.envelope, record, version)
    const value = opened instanceof Promise ? await opened : opened
    const event = eventOf(origin, at, path, ref, version)
    return { value, event, generation: row.generation }
  } catch (error) {
    const shown = decided ? error : await deniedFirst(context, origin, path, at, ref, error)
    if (!isCofferError(shown)) throw shown
    return { error: shown, event: eventOf(origin, at, path, ref, version, shown.code) }
  }
}

/** A value that another provider holds: nothing is read, and all else is as if it were. */
async function findElsewhere(
  context: EngineContext,
  origin: Origin,
  path: string,
  ref: ReadRef,
): Promise<Found> {
  if (ref.deliverTo === undefined) {
    throw new CofferError('invalid_argument', 'A value from elsewhere is read to be delivered.')
  }
  const resources = deliveredElsewhere(path, ref.elsewhere ?? '')
  const reason = `from ${ref.elsewhere}`
  const at = context.clock()
  const access = await context.access.load(origin)
  try {
    for (const resource of resources) {
      refuseDenied(origin, access, resource, at, ref, undefined, undefined)
    }
    return { value: undefined, event: { ...eventOf(origin, at, path, ref, undefined), reason } }
  } catch (error) {
    if (!isCofferError(error, 'denied')) throw error
    return { error, event: { ...eventOf(origin, at, path, ref, undefined, error.code), reason } }
  }
}

/** Who is not allowed does not learn that a secret is damaged. */
async function deniedFirst(
  context: EngineContext,
  origin: Origin,
  path: string,
  at: number,
  ref: ReadRef,
  error: unknown,
): Promise<unknown> {
  if (!isCofferError(error, 'corrupt')) return error
  try {
    const access = await context.access.load(origin)
    refuseDenied(origin, access, path, at, ref, undefined, undefined)
    return error
  } catch (refused) {
    return refused
  }
}

/** The head and the envelope from one snapshot. */
interface FoundRow extends Omit<CurrentRow, 'head'> {
  readonly record: SecretRecord | undefined
}

const isPlain = ({ version, label }: ReadRef): boolean =>
  version === undefined && (label === undefined || label === CURRENT)

/** One query; without a promise where the store answers without one. */
function fetchCurrent(context: EngineContext, path: string): FoundRow | Promise<FoundRow> {
  const known = context.witness.known()
  const verified = ({ generation, accessGeneration, head, envelope }: CurrentRow): FoundRow => {
    refuseOlder(generation, known)
    const record = head === undefined ? undefined : context.heads.secret(path, head)
    return { generation, accessGeneration, envelope, record }
  }
  const answer = context.store.current(path, known)
  return answer instanceof Promise ? answer.then(verified) : verified(answer)
}

function fetchNamed(context: EngineContext, path: string, ref: ReadRef): Promise<FoundRow> {
  const known = context.witness.known()
  return context.store.read(async (rows) => {
    const state = await rows.state()
    const counters = {
      generation: state?.generation ?? 0,
      accessGeneration: state?.accessGeneration ?? 0,
    }
    refuseOlder(counters.generation, known)
    const head = await rows.head('secret', path)
    if (head === undefined) return { ...counters, record: undefined }
    const record = context.heads.secret(path, head.head)
    const version = versionOf(record, ref)
    const row = version === undefined ? undefined : await rows.version(record.id, version.number)
    return { ...counters, envelope: row?.envelope, record }
  })
}

const actionOf = ({ deliverTo }: ReadRef): 'read' | 'deliver' =>
  deliverTo === undefined ? 'read' : 'deliver'

function refuseDenied(
  { actor }: Origin,
  access: ActorAccess,
  path: string,
  at: number,
  ref: ReadRef,
  record: SecretRecord | undefined,
  version: VersionRecord | undefined,
): void {
  const labels =
    record !== undefined && version !== undefined
      ? labelsOf(record, version.number)
      : ref.version === undefined
        ? [ref.label ?? CURRENT]
        : []
  const action = actionOf(ref)
  const destination = ref.deliverTo
  if (!allows(access, { action, path, labels, at, destination }).allowed) {
    throw denied(actor, action, path, destination)
  }
}

function eventOf(
  origin: Origin,
  at: number,
  path: string,
  ref: ReadRef,
  version: VersionRecord | undefined,
  code?: CofferError['code'],
): AuditEvent {
  const event: Mutable<AuditEvent> = {
    ...originFacts(origin),
    at,
    actor: origin.actor,
    action: actionOf(ref),
    outcome: code === undefined ? 'allowed' : code === 'denied' ? 'denied' : 'failed',
    resource: path,
  }
  const number = version?.number ?? ref.version
  if (number !== undefined) event.version = number
  if (ref.label !== undefined) event.label = ref.label
  if (ref.deliverTo !== undefined) event.destination = ref.deliverTo
  if (code !== undefined) event.code = code
  return event
}
