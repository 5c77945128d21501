import { everyItem } from '../../core/paging.ts'
import { tokenColumns, tokenJson } from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'token', 'list'>> = async (_input, session) => {
  const { identities } = await session.coffer()
  const tokens = await everyItem((page) => identities.tokens(page))
  await session.out.result({ tokens: tokens.map(tokenJson) }, async () => {
    await session.out.table(tokens, tokenColumns(session.world.now()))
    if (tokens.length === 0) session.out.note('No token is good.')
  })
}
