import { accessKeyJson } from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'access-key', 'disable'>> = async ({ args: [id] }, session) => {
  const { identities } = await session.coffer()
  const record = await identities.updateAccessKey(id, { disabled: true })
  await session.out.result(accessKeyJson(record), () =>
    session.out.note(`access key ${id} disabled`),
  )
}
