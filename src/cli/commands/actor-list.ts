import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'actor', 'list'>> = async (_input, session) => {
  const actors = await (await session.coffer()).access.actors()
  await session.out.result({ actors }, () =>
    session.out.table(actors, [
      { title: 'ACTOR', cell: (actor) => actor.name },
      { title: 'POLICIES', cell: (actor) => actor.policies.join(', ') },
      { title: 'ROLES', cell: (actor) => actor.roles.join(', ') },
    ]),
  )
}
