import { CofferError } from '../../core/errors.ts'
import { safeJson } from '../safe-text.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'policy', 'show'>> = async ({ args: [name] }, session) => {
  const policies = await (await session.coffer()).access.policies()
  const policy = policies.find((candidate) => candidate.name === name)
  if (policy === undefined) {
    throw new CofferError('not_found', `There is no policy ${name}.`, {
      remedy: '`coffer policy list` shows them.',
    })
  }
  session.out.raw(`${safeJson(policy)}\n`)
}
