import { changeVersion } from '../change-version.ts'
import { metadataOf } from '../metadata.ts'
import { usage } from '../parse.ts'
import { recordJson } from '../records.ts'
import type { Handler } from '../spec.ts'
import type { update } from '../specs/values.ts'
import { validityOf } from '../validity.ts'

export const handle: Handler<typeof update> = async ({ options, args: [given] }, session) => {
  const declared =
    options.env === undefined
      ? undefined
      : await (await import('../declared.ts')).declaredHere(session, given, options.env)
  const path = declared?.path ?? given
  const typeNow = async () =>
    declared?.metadata.type ?? (await (await session.coffer()).describe(path))?.type
  const asked = {
    ...(await metadataOf(options, typeNow)),
    ...(options['no-tags'] ? { tags: null } : {}),
    ...(options['no-rotation'] ? { rotation: null } : {}),
  }
  const validity = validityOf(options, session.world.now())
  if (Object.keys(validity).length > 0) {
    if (Object.keys(asked).length > 0 || options['if-revision'] !== undefined) {
      throw usage('--expires and --not-before are about a version: give them alone.')
    }
    return changeVersion(session, path, options.version, validity, 'updated')
  }
  const change = { ...declared?.metadata, ...asked }
  if (options.version !== undefined) throw usage('--version goes with --expires or --not-before.')
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
