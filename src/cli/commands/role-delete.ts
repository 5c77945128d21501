import { confirmed } from '../confirm.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'role', 'delete'>> = async (
  { options, args: [name] },
  session,
) => {
  await confirmed(session, `Remove role ${name}?`, options.yes)
  await (await session.coffer()).access.deleteRole(name)
  await session.out.result({ role: name, removed: true }, () =>
    session.out.note(`role ${name} removed`),
  )
}
