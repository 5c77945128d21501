import { everyItem } from '../../core/paging.ts'
import { accessKeyJson, rightsOf, shownEnd } from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { shownAge } from '../time.ts'

export const handle: Handler<Sub<'access-key', 'list'>> = async (_input, session) => {
  const { identities } = await session.coffer()
  const keys = await everyItem((page) => identities.accessKeys(page))
  const now = session.world.now()
  await session.out.result({ accessKeys: keys.map(accessKeyJson) }, async () => {
    await session.out.table(keys, [
      { title: 'ID', cell: (key) => key.id },
      { title: 'NAME', cell: (key) => key.displayName },
      { title: 'MAY', cell: rightsOf },
      { title: 'AGE', align: 'right', cell: (key) => shownAge(now - key.createdAt) },
      { title: 'EXPIRES', cell: (key) => shownEnd(key.expiresAt) },
      { title: 'STATE', cell: (key) => (key.disabled ? 'disabled' : 'enabled') },
    ])
    if (keys.length === 0) session.out.note('There are no access keys.')
  })
}
