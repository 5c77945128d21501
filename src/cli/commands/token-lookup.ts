import { CofferError } from '../../core/errors.ts'
import { selectorOf, tokenColumns, tokenJson } from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'token', 'lookup'>> = async ({ args: [accessor] }, session) => {
  const which = selectorOf(session, accessor)
  const found = await (await session.coffer()).identities.lookupToken(which)
  if (found === undefined) throw new CofferError('not_found', 'There is no such token.')
  await session.out.result(tokenJson(found), () =>
    session.out.table([found], tokenColumns(session.world.now())),
  )
}
