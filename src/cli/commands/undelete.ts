import { recordJson } from '../records.ts'
import type { Handler } from '../spec.ts'
import type { undelete } from '../specs/versions.ts'

export const handle: Handler<typeof undelete> = async ({ args: [path] }, session) => {
  const record = await (await session.coffer()).undelete(path)
  await session.out.result(recordJson(record), () => session.out.note(`${record.path} is back`))
}
