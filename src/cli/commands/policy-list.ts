import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'policy', 'list'>> = async (_input, session) => {
  const policies = await (await session.coffer()).access.policies()
  await session.out.result({ policies }, () =>
    session.out.table(policies, [
      { title: 'NAME', cell: (policy) => policy.name },
      {
        title: 'RULES',
        align: 'right',
        cell: ({ rules, hcl }) => (hcl === undefined ? rules.length : 'hcl'),
      },
      {
        title: 'COMBINE',
        cell: ({ combine, hcl }) => combine ?? (hcl === undefined ? 'denyWins' : 'mostSpecific'),
      },
      { title: 'DESCRIPTION', cell: (policy) => policy.description },
    ]),
  )
}
