import { usage } from '../parse.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'role', 'put'>> = async ({ options, args: [name] }, session) => {
  if (options.policy.length === 0) throw usage('A role has at least one --policy NAME.')
  const role = { name, policies: [...new Set(options.policy)] }
  await (await session.coffer()).access.putRole(role)
  await session.out.result(role, () =>
    session.out.note(`role ${name} stored: ${role.policies.join(', ')}`),
  )
}
