import { confirmed } from '../confirm.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'actor', 'delete'>> = async (
  { options, args: [name] },
  session,
) => {
  await confirmed(session, `Remove actor ${name}?`, options.yes)
  await (await session.coffer()).access.deleteActor(name)
  await session.out.result({ actor: name, removed: true }, () =>
    session.out.note(`actor ${name} removed`),
  )
}
