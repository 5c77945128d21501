import type { Handler } from '../spec.ts'
import type { Session } from '../session.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'role', 'list'>> = async ({ options }, session) => {
  if (options.login) return loginRoles(session, options.mount ?? 'approle')
  const roles = await (await session.coffer()).access.roles()
  await session.out.result({ roles }, async () => {
    await session.out.table(roles, [
      { title: 'NAME', cell: (role) => role.name },
      { title: 'POLICIES', cell: (role) => role.policies.join(', ') },
    ])
    session.out.note('These are sets of policies; `coffer role list --login` has the other kind.')
  })
}

async function loginRoles(session: Session, mount: string): Promise<void> {
  const roles = await (await session.coffer()).identities.appRoles(mount)
  const found = roles.map(({ name, roleId, token }) => ({ name, mount, roleId, ...token }))
  await session.out.result({ loginRoles: found }, async () => {
    await session.out.table(found, [
      { title: 'NAME', cell: (role) => role.name },
      { title: 'ROLE ID', cell: (role) => role.roleId },
      {
        title: 'MAY',
        cell: ({ policies, actor }) =>
          policies.length === 0 && actor !== undefined ? `as ${actor}` : policies.join(', '),
      },
    ])
    if (found.length === 0) session.out.note(`There are no login roles at ${mount}.`)
  })
}
