import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'role', 'list'>> = async (_input, session) => {
  const roles = await (await session.coffer()).access.roles()
  await session.out.result({ roles }, () =>
    session.out.table(roles, [
      { title: 'NAME', cell: (role) => role.name },
      { title: 'POLICIES', cell: (role) => role.policies.join(', ') },
    ]),
  )
}
