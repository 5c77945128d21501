import { confirmed } from '../confirm.ts'
import type { Handler } from '../spec.ts'
import type { seal } from '../specs/seal.ts'

export const handle: Handler<typeof seal> = async ({ options }, session) => {
  const { server } = await session.client()
  const question = 'Seal the store? The server will hand out nothing until it is unsealed.'
  await confirmed(session, question, options.yes)
  await server.seal()
  const status = await server.sealStatus()
  await session.out.result(status, () => session.out.note('The store is sealed.'))
}
