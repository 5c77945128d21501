import { CofferError } from '../../core/errors.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import { recordJson } from '../records.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { rollback } from '../specs/versions.ts'

export const handle: Handler<typeof rollback> = async ({ options, args: [given] }, session) => {
  const path = await pathGiven(session, given, options)
  const coffer = await session.coffer()
  const record = await coffer.rollback(path, options.to ?? (await previousOf(coffer, path)))
  await session.out.result(recordJson(record), () =>
    session.out.note(`${record.path} current is v${record.labels.current} again`),
  )
}

async function previousOf(coffer: Coffer, path: string): Promise<number> {
  const record = await coffer.describe(path)
  if (record === undefined) throw new CofferError('not_found', `There is no secret ${path}.`)
  const previous = record.labels.previous
  if (previous !== undefined) return previous
  throw new CofferError('not_found', `${record.path} has no version labelled previous.`, {
    remedy: 'Name the version with --to N; `coffer history` shows them.',
  })
}
