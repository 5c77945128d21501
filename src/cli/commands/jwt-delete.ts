import { confirmed } from '../confirm.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'jwt', 'delete'>> = async (
  { options, args: [mount, role] },
  session,
) => {
  const what = role === undefined ? `issuer ${mount}` : `role ${role} of issuer ${mount}`
  await confirmed(session, `Remove ${what}?`, options.yes)
  const coffer = await session.coffer()
  if (role === undefined) {
    await coffer.identities.deleteJwtIssuer(mount)
  } else {
    await coffer.identities.deleteJwtRole(mount, role)
  }
  await session.out.result({ mount, role, removed: true }, () =>
    session.out.note(`${what} removed`),
  )
}
