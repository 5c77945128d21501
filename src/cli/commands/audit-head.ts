import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'audit', 'head'>> = async (_input, session) => {
  const head = await (await session.coffer()).audit.head()
  await session.out.result(head, () => {
    session.out.line(`seq         ${head.seq}`)
    session.out.line(`hash        ${head.hash}`)
    session.out.line(`generation  ${head.generation}`)
    session.out.line(`key         ${head.key}`)
  })
}
