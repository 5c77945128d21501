import { recordJson } from '../records.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { deleteSpec } from '../specs/versions.ts'
import { shownInstant } from '../time.ts'

export const handle: Handler<typeof deleteSpec> = async ({ options, args: [given] }, session) => {
  const path = await pathGiven(session, given, options)
  const days = options['recovery-days']
  const record = await (
    await session.coffer()
  ).delete(path, days === undefined ? {} : { recoveryDays: days })
  await session.out.result(recordJson(record), () =>
    session.out.note(
      `${record.path} deleted; \`coffer undelete ${record.path}\` works until ${shownInstant(record.purgeAt) ?? 'the next sweep'}`,
    ),
  )
}
