import { CofferError } from '../core/errors.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import { recordJson } from './records.ts'
import type { Session } from './session.ts'

/** Enables or disables one version; without a number the current one. */
export async function switchVersion(
  session: Session,
  path: string,
  version: number | undefined,
  enabled: boolean,
): Promise<void> {
  const coffer = await session.coffer()
  const number = version ?? (await currentOf(coffer, path))
  const record = await coffer.updateVersion(path, number, { enabled })
  await session.out.result(recordJson(record), () =>
    session.out.note(`${record.path} v${number} ${enabled ? 'enabled' : 'disabled'}`),
  )
}

/** The number of the current version. @throws CofferError `not_found` */
export async function currentOf(coffer: Coffer, path: string): Promise<number> {
  const current = (await coffer.describe(path))?.labels.current
  if (current === undefined) throw new CofferError('not_found', `${path} has no current version.`)
  return current
}
