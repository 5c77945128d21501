import { confirmed } from '../confirm.ts'
import { selectorOf } from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'token', 'revoke'>> = async (
  { options, args: [accessor] },
  session,
) => {
  const which = selectorOf(session, accessor)
  const name = 'accessor' in which ? which.accessor : 'self' in which ? 'in use' : 'given'
  await confirmed(session, `Revoke the token ${name}?`, options.yes)
  const orphanChildren = options['keep-children']
  await (await session.coffer()).identities.revokeToken(which, { orphanChildren })
  await session.out.result({ revoked: true }, () => session.out.note(`token ${name} revoked`))
}
