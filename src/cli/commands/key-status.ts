import { iso } from '../records.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { shownInstant } from '../time.ts'

export const handle: Handler<Sub<'key', 'status'>> = async (_input, session) => {
  const status = await (await session.platform()).keys.status()
  const { everyDays, dueAt } = status.rotation
  const document = {
    ...status,
    rotation: { everyDays, dueAt: iso(dueAt) },
    terms: status.terms.map((t) => ({
      ...t,
      createdAt: iso(t.createdAt),
      destroyedAt: iso(t.destroyedAt),
    })),
    roots: status.roots.map((root) => ({
      ...root,
      since: iso(root.since),
      until: iso(root.until),
    })),
  }
  await session.out.result(document, async () => {
    session.out.line(`store      ${status.storeId}`)
    session.out.line(`seal       ${status.seal.kind}`)
    session.out.line(`root key   ${status.fingerprint}`)
    session.out.line(`audit key  ${status.auditKey}`)
    session.out.line(
      everyDays === undefined
        ? 'next term  only by `coffer key rotate`'
        : `next term  ${shownInstant(dueAt)}, every ${everyDays} days`,
    )
    session.out.line('')
    await session.out.table(status.terms, [
      { title: 'TERM', align: 'right', cell: (term) => term.term },
      {
        title: 'STATE',
        cell: (term) => term.state,
        style: (term) =>
          term.state === 'active' ? 'green' : term.state === 'retiring' ? 'yellow' : 'dim',
      },
      { title: 'FINGERPRINT', cell: (term) => term.fingerprint },
      { title: 'VERSIONS', align: 'right', cell: (term) => term.versions },
      { title: 'CREATED', cell: (term) => shownInstant(term.createdAt) },
      { title: 'DESTROYED', cell: (term) => shownInstant(term.destroyedAt) },
    ])
    session.out.line('')
    await session.out.table(status.roots, [
      { title: 'ROOT KEY', cell: (root) => root.fingerprint },
      { title: 'SEAL', cell: (root) => root.seal },
      { title: 'SINCE', cell: (root) => shownInstant(root.since) },
      { title: 'UNTIL', cell: (root) => shownInstant(root.until) },
    ])
  })
}
