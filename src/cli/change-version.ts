import { CofferError } from '../core/errors.ts'
import type { Coffer, VersionChange } from '../core/ports/coffer.ts'
import { recordJson } from './records.ts'
import type { Session } from './session.ts'

/** Changes one version, without a number the current one, and says that it is `done`. */
export async function changeVersion(
  session: Session,
  path: string,
  version: number | undefined,
  change: VersionChange,
  done: string,
): Promise<void> {
  const coffer = await session.coffer()
  const number = version ?? (await currentOf(coffer, path))
  const record = await coffer.updateVersion(path, number, change)
  await session.out.result(recordJson(record), () =>
    session.out.note(`${record.path} v${number} ${done}`),
  )
}

async function currentOf(coffer: Coffer, path: string): Promise<number> {
  const current = (await coffer.describe(path))?.labels.current
  if (current === undefined) throw new CofferError('not_found', `${path} has no current version.`)
  return current
}
