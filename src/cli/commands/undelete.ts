import { recordJson } from '../records.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { undelete } from '../specs/versions.ts'

export const handle: Handler<typeof undelete> = async ({ options, args: [given] }, session) => {
  const path = await pathGiven(session, given, options)
  const record = await (await session.coffer()).undelete(path)
  await session.out.result(recordJson(record), () => session.out.note(`${record.path} is back`))
}
