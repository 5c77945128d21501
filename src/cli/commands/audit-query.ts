import { AUDIT_COLUMNS } from '../audit-table.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { instant } from '../time.ts'

export const handle: Handler<Sub<'audit', 'query'>> = async ({ options }, session) => {
  const { audit } = await session.coffer()
  const now = session.world.now()
  const entries = await audit.query({
    actor: options.actor,
    action: options.action,
    outcome: options.outcome,
    resource: options.path,
    destination: options.destination,
    since: options.since === undefined ? undefined : instant(options.since, 'since', now, -1),
    until: options.until === undefined ? undefined : instant(options.until, 'until', now, -1),
    limit: options.limit,
  })
  await session.out.result({ entries }, async () => {
    await session.out.table(entries, AUDIT_COLUMNS)
    if (entries.length === 0) session.out.note('No events match.')
  })
}
