import { CofferError } from '../../core/errors.ts'
import { CURRENT } from '../../core/label.ts'
import type { AuditEvent } from '../../core/event.ts'
import { LIMITS } from '../../core/limits.ts'
import { canonicalPrefix } from '../../core/path.ts'
import { listRanges } from '../../core/policy/ranges.ts'
import type { ListFilter, ListQuery, Page } from '../../core/ports/coffer.ts'
import type { StoreReader } from '../../core/ports/store.ts'
import type { SecretRecord } from '../../core/record.ts'
import type { ActorAccess } from '../access.ts'
import { allows } from '../access.ts'
import { breathe } from '../breathe.ts'
import type { EngineContext, Origin } from '../context.ts'
import { makeCursor, openCursor } from '../cursor.ts'
import { refuseOlder } from '../witness.ts'
import { auditFailure, originFacts } from '../audited.ts'
import { wholeNumber } from './numbers.ts'
import { headsInReach } from './reach.ts'
import { labelTarget } from './usable.ts'

const DAY_MS = 86_400_000
/** A page ends after so many heads looked at, full or not; its cursor goes on. */
const SCANNED_MAX = 10_000
/** Some 8 ms. */
const SCANNED_AT_ONCE = 1_000

/**
 * Secrets below a prefix that the actor may list, in UTF-8 order. Only the ranges that the actor's
 * policies can reach are looked at, so a small view of a large store is as fast as a small store.
 * @throws `invalid_path`, `invalid_argument`, `corrupt`, `audit_unavailable`
 */
export async function listSecrets(
  context: EngineContext,
  origin: Origin,
  query: ListQuery,
): Promise<Page<SecretRecord>> {
  const { page, event } = await findPage(context, origin, query)
  await context.log.append([event])
  return page
}

/** The page and the event of having looked, which is still to be appended. */
export async function findPage(
  context: EngineContext,
  origin: Origin,
  query: ListQuery,
): Promise<{ readonly page: Page<SecretRecord>; readonly event: AuditEvent }> {
  const prefix = canonicalPrefix(query.prefix ?? '')
  const limit = wholeNumber('limit', query.limit ?? LIMITS.pageSizeDefault, 1, LIMITS.pageSizeMax)
  const after = query.cursor === undefined ? undefined : openCursor(context, 'cursor', query.cursor)
  const where = await checkFilter(query.where ?? {})
  const at = context.clock()
  const known = context.witness.known()
  const resource = prefix === '' ? '**' : `${prefix}/**`
  let page: Page<SecretRecord>
  try {
    page = await context.store.read(async (rows) => {
      const state = await rows.state()
      refuseOlder(state?.generation ?? 0, known)
      const access = await context.access.loadFrom(rows, origin, state?.accessGeneration ?? 0)
      const deleted = query.deleted === true
      const folders = query.folders === true
      return scan(context, rows, access, { prefix, after, limit, at, deleted, folders, where })
    })
  } catch (error) {
    await auditFailure(context, origin, { action: 'list', resource }, error)
    throw error
  }
  const event: AuditEvent = {
    at,
    actor: origin.actor,
    action: 'list',
    outcome: 'allowed',
    resource,
    reason: `${page.items.length + (page.folders?.length ?? 0)} listed`,
    ...originFacts(origin),
  }
  return { page, event }
}

interface Scan {
  readonly prefix: string
  readonly after: string | undefined
  readonly limit: number
  readonly at: number
  readonly deleted: boolean
  readonly folders: boolean
  readonly where: ListFilter
}

async function scan(
  context: EngineContext,
  rows: StoreReader,
  access: ActorAccess,
  { prefix, after, limit, at, deleted, folders, where }: Scan,
): Promise<Page<SecretRecord>> {
  const items: SecretRecord[] = []
  const names: string[] = []
  const page = () => (folders ? { items, folders: names } : { items })
  const start = prefix === '' ? 0 : prefix.length + 1
  const heads = headsInReach(rows, listRanges(access.compiled, 'list', prefix, at), after)
  const cursorAt = (path: string | undefined) =>
    path === undefined ? undefined : makeCursor(context, 'cursor', path)
  let scanned = 0
  let last: string | undefined
  let shown: string | undefined
  for (let row = await heads.next(); row !== undefined; row = await heads.next()) {
    if (scanned === SCANNED_MAX) return { ...page(), cursor: cursorAt(last) }
    scanned += 1
    if (scanned % SCANNED_AT_ONCE === 0) await breathe()
    last = row.path
    if (folders && row.path === prefix) continue
    const slash = folders ? row.path.indexOf('/', start) : -1
    if (!maySee(access, row.path, slash, at)) continue
    // Not before: that there is more would tell of secrets that the actor may not know of.
    if (items.length + names.length === limit) return { ...page(), cursor: cursorAt(shown) }
    const record = context.heads.secret(row.path, row.head)
    if (record.deletedAt !== undefined && !deleted) continue
    if (!matchesFilter(record, where, at)) continue
    if (slash === -1) {
      items.push(record)
      shown = last
      continue
    }
    names.push(row.path.slice(start, slash))
    shown = last = row.path.slice(0, slash + 1)
    heads.skipFolder(last)
  }
  return page()
}

/**
 * A secret, or the folder that it stands for where its path goes on behind a `slash`. Vault shows the
 * names of folders to whoever may list what they lie in.
 */
function maySee(access: ActorAccess, path: string, slash: number, at: number): boolean {
  const decision = allows(access, { action: 'list', path, at })
  if (decision.allowed || slash === -1 || decision.why === 'deny') return decision.allowed
  return access.compiled.vault?.decide('list', path.slice(0, slash), {})?.allowed === true
}

interface Condition<T> {
  readonly type: 'string' | 'number' | 'boolean'
  readonly holds: (record: SecretRecord, wanted: T, at: number) => boolean
}

const textual = (holds: Condition<string>['holds']): Condition<string> => ({
  type: 'string',
  holds,
})
const ofDays = (holds: Condition<number>['holds']): Condition<number> => ({ type: 'number', holds })

/** One row per condition of a filter. */
const CONDITIONS: {
  readonly [F in keyof Required<ListFilter>]: Condition<NonNullable<ListFilter[F]>>
} = {
  tag: textual((record, wanted) => {
    const equals = wanted.indexOf('=')
    const key = equals === -1 ? wanted : wanted.slice(0, equals)
    if (record.tags === undefined || !Object.hasOwn(record.tags, key)) return false
    return equals === -1 || record.tags[key] === wanted.slice(equals + 1)
  }),
  owner: textual((record, wanted) => record.owner === wanted),
  type: textual((record, wanted) => record.type.name === wanted),
  classification: textual((record, wanted) => record.classification === wanted),
  olderThanDays: ofDays((record, days, at) => ageMs(record, at) > days * DAY_MS),
  expiresWithinDays: ofDays((record, days, at) => {
    const expiresAt = currentOf(record)?.expiresAt
    return expiresAt !== undefined && expiresAt <= at + days * DAY_MS
  }),
  due: { type: 'boolean', holds: (record, wanted, at) => isDue(record, at) === wanted },
}

/** Only what is given, and known. @throws CofferError `invalid_argument` */
async function checkFilter(filter: ListFilter): Promise<ListFilter> {
  const given = Object.entries(filter).filter(([, wanted]) => wanted !== undefined)
  for (const [name, wanted] of given) {
    if (!Object.hasOwn(CONDITIONS, name)) {
      throw new CofferError(
        'invalid_argument',
        'A list can be filtered by known conditions only.',
        {
          remedy: `They are ${Object.keys(CONDITIONS).join(', ')}.`,
        },
      )
    }
    const { type } = CONDITIONS[name as keyof ListFilter]
    if (typeof wanted !== type || Number.isNaN(wanted)) {
      throw new CofferError('invalid_argument', `The filter ${name} takes a ${type}.`)
    }
  }
  if (filter.type !== undefined) {
    const { checkTypeSpec } = await import('../../core/types/validate.ts')
    checkTypeSpec({ name: filter.type })
  }
  return Object.fromEntries(given)
}

function matchesFilter(record: SecretRecord, filter: ListFilter, at: number): boolean {
  for (const [name, wanted] of Object.entries(filter)) {
    if (!CONDITIONS[name as keyof ListFilter].holds(record, wanted as never, at)) return false
  }
  return true
}

/** By its own rule, or by the default of 90 days. A secret without a value is never due. */
export function isDue(record: SecretRecord, at: number): boolean {
  if (record.deletedAt !== undefined) return false
  const everyDays = record.rotation?.everyDays ?? LIMITS.rotateEveryDaysDefault
  return ageMs(record, at) >= everyDays * DAY_MS
}

const currentOf = (record: SecretRecord) => {
  const number = labelTarget(record, CURRENT)
  return record.versions.find((v) => v.number === number)
}

function ageMs(record: SecretRecord, at: number): number {
  const version = currentOf(record)
  return version === undefined ? -1 : at - version.createdAt
}
