import { confirmed } from '../confirm.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'policy', 'delete'>> = async (
  { options, args: [name] },
  session,
) => {
  await confirmed(session, `Remove policy ${name}?`, options.yes)
  await (await session.coffer()).access.deletePolicy(name)
  await session.out.result({ policy: name, removed: true }, () =>
    session.out.note(`policy ${name} removed`),
  )
}
