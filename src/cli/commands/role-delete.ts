import { confirmed } from '../confirm.ts'
import { usage } from '../parse.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'role', 'delete'>> = async (
  { options, args: [name] },
  session,
) => {
  if (!options.login && options.mount !== undefined) throw usage('--mount goes with --login.')
  const what = options.login ? `login role ${name}, with its secret ids` : `role ${name}`
  await confirmed(session, `Remove ${what}?`, options.yes)
  const { access, identities } = await session.coffer()
  if (options.login) await identities.deleteAppRole(options.mount ?? 'approle', name)
  else await access.deleteRole(name)
  await session.out.result({ role: name, removed: true }, () => session.out.note(`${what} removed`))
}
