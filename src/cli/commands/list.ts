import { LIMITS } from '../../core/limits.ts'
import { canonicalPrefix } from '../../core/path.ts'
import type { Coffer, ListQuery } from '../../core/ports/coffer.ts'
import type { SecretRecord } from '../../core/record.ts'
import { recordJson, stateOf, versionAt } from '../records.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { list } from '../specs/values.ts'
import type { Column } from '../table.ts'
import { durationDays, shownAge } from '../time.ts'

export const handle: Handler<typeof list> = async ({ options, args: [prefix] }, session) => {
  const coffer = await session.coffer()
  const query = queryOf(options, canonicalPrefix(prefix ?? ''))
  const { items, cursor } = await collect(coffer, query)
  await session.out.result({ items: items.map(recordJson), cursor }, async () => {
    await session.out.table(items, columns(session.world.now()))
    if (items.length === 0) session.out.note('No secrets match.')
    if (cursor !== undefined) session.out.note(`More: --cursor ${cursor}`)
  })
}

function queryOf(options: OptionsOf<typeof list>, prefix: string): ListQuery {
  const older = options['older-than']
  const within = options['expires-within']
  return {
    prefix,
    cursor: options.cursor,
    limit: options.limit,
    deleted: options.deleted,
    where: {
      tag: options.tag,
      owner: options.owner,
      type: options.type,
      classification: options.classification,
      olderThanDays: older === undefined ? undefined : durationDays(older, 'older-than'),
      expiresWithinDays: within === undefined ? undefined : durationDays(within, 'expires-within'),
      due: options.due || undefined,
    },
  }
}

/** One page when a limit is given, else all of them. */
async function collect(coffer: Coffer, query: ListQuery) {
  if (query.limit !== undefined) return coffer.list(query)
  const items: SecretRecord[] = []
  let cursor = query.cursor
  do {
    const page = await coffer.list({ ...query, cursor, limit: LIMITS.pageSizeMax })
    items.push(...page.items)
    cursor = page.cursor
  } while (cursor !== undefined)
  return { items, cursor }
}

function columns(now: number): Column<SecretRecord>[] {
  const current = (record: SecretRecord) => versionAt(record, 'current')
  const state = (record: SecretRecord): string => {
    const version = current(record)
    if (record.deletedAt !== undefined) return 'deleted'
    return version === undefined ? 'no version' : stateOf(version, now)
  }
  return [
    { title: 'PATH', cell: (record) => record.path },
    { title: 'TYPE', cell: (record) => record.type.name },
    {
      title: 'VERSION',
      align: 'right',
      cell: (record) => (current(record) === undefined ? '-' : `v${current(record)?.number}`),
    },
    {
      title: 'AGE',
      align: 'right',
      cell: (record) => shownAge(now - (current(record)?.createdAt ?? record.createdAt)),
    },
    {
      title: 'STATE',
      cell: state,
      style: (record) => (state(record) === 'live' ? undefined : 'yellow'),
    },
    {
      title: 'EXPIRES',
      cell: (record) => {
        const at = current(record)?.expiresAt
        return at === undefined ? '' : at <= now ? 'expired' : `in ${shownAge(at - now)}`
      },
      style: () => 'yellow',
    },
    { title: 'OWNER', cell: (record) => record.owner },
    {
      title: 'TAGS',
      cell: (record) =>
        Object.entries(record.tags ?? {})
          .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
          .join(','),
      style: () => 'dim',
    },
  ]
}
