import { confirmed } from '../confirm.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'access-key', 'delete'>> = async (
  { options, args: [id] },
  session,
) => {
  await confirmed(session, `Remove access key ${id}?`, options.yes)
  await (await session.coffer()).identities.deleteAccessKey(id)
  await session.out.result({ accessKeyId: id, removed: true }, () =>
    session.out.note(`access key ${id} removed`),
  )
}
