import { confirmed } from '../confirm.ts'
import { usage } from '../parse.ts'
import { canonicalPath } from '../../core/path.ts'
import { recordJson } from '../records.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { destroy } from '../specs/versions.ts'

export const handle: Handler<typeof destroy> = async ({ options, args: [given] }, session) => {
  const path = canonicalPath(await pathGiven(session, given, options))
  const versions = [...new Set(options.version)]
  if (options.all === versions.length > 0) throw usage('Give either --version N or --all.')
  const names = versions.map((version) => `v${version}`).join(', ')
  const what = options.all ? `all of ${path}` : `${names} of ${path}`
  await confirmed(session, `Erase ${what} for good?`, options.yes)
  const coffer = await session.coffer()
  if (options.all) {
    await coffer.purge(path)
    await session.out.result({ path, destroyed: 'all' }, () =>
      session.out.note(`${path} is gone for good`),
    )
    return
  }
  const record = await coffer.destroy(path, versions)
  await session.out.result(recordJson(record), () =>
    session.out.note(`${record.path} ${names} erased`),
  )
}
