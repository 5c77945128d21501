import { ERRORS } from '../../core/errors.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { instant } from '../time.ts'

export const handle: Handler<Sub<'policy', 'test'>> = async (
  { options, args: [path] },
  session,
) => {
  const coffer = await session.coffer()
  const actor = options.actor ?? (await session.actor())
  const action = options.action ?? 'read'
  const at =
    options.at === undefined ? undefined : instant(options.at, 'at', session.world.now(), 1)
  const { label, destination } = options
  const answer = await coffer.access.test({ actor, action, path, label, destination, at })
  const to = destination === undefined ? '' : ` to ${destination}`
  await session.out.result({ actor, action, path, destination, ...answer }, () => {
    session.out.line(`${answer.allowed ? 'allowed' : 'denied'}: ${actor} ${action} ${path}${to}`)
    for (const reason of answer.reasons) session.out.line(`  ${reason}`)
  })
  return answer.allowed ? 0 : ERRORS.denied.exit
}
