import { noteToken, secondsOf, selectorOf, tokenJson } from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'token', 'renew'>> = async (
  { options, args: [accessor] },
  session,
) => {
  const which = selectorOf(session, accessor)
  const { identities } = await session.coffer()
  const record = await identities.renewToken(which, secondsOf(options.increment, 'increment'))
  await session.out.result(tokenJson(record), () => noteToken(session, record))
}
