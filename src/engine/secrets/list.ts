import { CofferError } from '../../core/errors.ts'
import { CURRENT } from '../../core/label.ts'
import { LIMITS } from '../../core/limits.ts'
import { canonicalPath, canonicalPrefix } from '../../core/path.ts'
import { compareUtf8, listRanges } from '../../core/policy/ranges.ts'
import type { ListFilter, ListQuery, Page } from '../../core/ports/coffer.ts'
import type { HeadRow, StoreReader } from '../../core/ports/store.ts'
import type { SecretRecord } from '../../core/record.ts'
import type { ActorAccess } from '../access.ts'
import { allows } from '../access.ts'
import type { EngineContext, Origin } from '../context.ts'
import { refuseRollback } from '../state.ts'
import { originFacts } from '../transaction.ts'
import { wholeNumber } from './metadata.ts'
import { labelTarget } from './usable.ts'

const DAY_MS = 86_400_000
/** A page ends after so many heads looked at, full or not; its cursor goes on. */
const SCANNED_MAX = 10_000
const CHUNK = 256

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
  const prefix = canonicalPrefix(query.prefix ?? '')
  const limit = wholeNumber('limit', query.limit ?? LIMITS.pageSizeDefault, 1, LIMITS.pageSizeMax)
  const after = query.cursor === undefined ? undefined : openCursor(query.cursor)
  const at = context.clock()
  const known = context.log.tail.generation
  const page = await context.store.read(async (rows) => {
    const state = await rows.state()
    refuseRollback(state?.generation ?? 0, known, 'the audit log')
    const access = await context.access.loadFrom(rows, origin.actor, state?.accessGeneration ?? 0)
    return scan(context, rows, access, { prefix, after, limit, at, query })
  })
  await context.log.append([
    {
      at,
      actor: origin.actor,
      action: 'list',
      outcome: 'allowed',
      resource: prefix === '' ? '**' : `${prefix}/**`,
      reason: `${page.items.length} listed`,
      ...originFacts(origin),
    },
  ])
  return page
}

interface Scan {
  readonly prefix: string
  readonly after: string | undefined
  readonly limit: number
  readonly at: number
  readonly query: ListQuery
}

async function scan(
  context: EngineContext,
  rows: StoreReader,
  access: ActorAccess,
  { prefix, after, limit, at, query }: Scan,
): Promise<Page<SecretRecord>> {
  const items: SecretRecord[] = []
  let scanned = 0
  let last: string | undefined
  for await (const row of headsInReach(rows, access, prefix, after, at)) {
    if (items.length === limit || scanned === SCANNED_MAX) {
      return { items, cursor: last === undefined ? undefined : makeCursor(last) }
    }
    scanned += 1
    last = row.path
    if (!allows(access, { action: 'list', path: row.path, at }).allowed) continue
    const record = context.heads.secret(row.path, row.head)
    if (record.deletedAt !== undefined && query.deleted !== true) continue
    if (matchesFilter(record, query.where, at)) items.push(record)
  }
  return { items }
}

async function* headsInReach(
  rows: StoreReader,
  access: ActorAccess,
  prefix: string,
  after: string | undefined,
  at: number,
): AsyncGenerator<HeadRow> {
  for (const range of listRanges(access.compiled, 'list', prefix, at)) {
    let from: { from?: string; after?: string } =
      after !== undefined && compareUtf8(after, range.from) >= 0 ? { after } : { from: range.from }
    for (;;) {
      const chunk = await rows.heads({
        kind: 'secret',
        ...from,
        ...(range.before === undefined ? {} : { before: range.before }),
        limit: CHUNK,
      })
      yield* chunk
      const end = chunk.at(-1)
      if (end === undefined || chunk.length < CHUNK) break
      from = { after: end.path }
    }
  }
}

type Test = (record: SecretRecord, wanted: never, at: number) => boolean

/** One row per condition of a filter. */
const TESTS: { readonly [F in keyof Required<ListFilter>]: Test } = {
  tag: (record, wanted: string) => {
    const equals = wanted.indexOf('=')
    const key = equals === -1 ? wanted : wanted.slice(0, equals)
    if (record.tags === undefined || !Object.hasOwn(record.tags, key)) return false
    return equals === -1 || record.tags[key] === wanted.slice(equals + 1)
  },
  owner: (record, wanted: string) => record.owner === wanted,
  type: (record, wanted: string) => record.type.name === wanted,
  classification: (record, wanted: string) => record.classification === wanted,
  olderThanDays: (record, days: number, at) => ageMs(record, at) > days * DAY_MS,
  expiresWithinDays: (record, days: number, at) => {
    const expiresAt = currentOf(record)?.expiresAt
    return expiresAt !== undefined && expiresAt <= at + days * DAY_MS
  },
  due: (record, wanted: boolean, at) => isDue(record, at) === wanted,
}

function matchesFilter(record: SecretRecord, filter: ListFilter | undefined, at: number): boolean {
  if (filter === undefined) return true
  for (const [name, wanted] of Object.entries(filter)) {
    if (wanted === undefined) continue
    if (!Object.hasOwn(TESTS, name)) {
      throw new CofferError('invalid_argument', `There is no filter ${name}.`)
    }
    if (!TESTS[name as keyof ListFilter](record, wanted as never, at)) return false
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

const makeCursor = (path: string) => Buffer.from(path).toString('base64url')

function openCursor(cursor: string): string {
  try {
    return canonicalPath(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw new CofferError('invalid_argument', 'The cursor is not one that a page ended with.')
  }
}
