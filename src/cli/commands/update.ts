import { metadataOf } from '../metadata.ts'
import { usage } from '../parse.ts'
import { recordJson } from '../records.ts'
import type { Handler } from '../spec.ts'
import type { update } from '../specs/values.ts'

export const handle: Handler<typeof update> = async ({ options, args: [path] }, session) => {
  const change = {
    ...(await metadataOf(options)),
    ...(options['no-tags'] ? { tags: null } : {}),
    ...(options['no-rotation'] ? { rotation: null } : {}),
  }
  if (Object.keys(change).length === 0)
    throw usage('There is nothing to change.', 'See `coffer update --help`.')
  const coffer = await session.coffer()
  const revision = options['if-revision']
  const record = await coffer.update(
    path,
    change,
    revision === undefined ? {} : { ifRevision: revision },
  )
  await session.out.result(recordJson(record), () =>
    session.out.note(`${record.path} updated (revision ${record.revision})`),
  )
}
