import { CofferError } from '../../core/errors.ts'
import { labelsOn, recordJson, stateOf } from '../records.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { history } from '../specs/versions.ts'
import { shownInstant } from '../time.ts'

export const handle: Handler<typeof history> = async ({ options, args: [given] }, session) => {
  const path = await pathGiven(session, given, options)
  const record = await (await session.coffer()).describe(path)
  if (record === undefined) throw new CofferError('not_found', `There is no secret ${path}.`)
  const now = session.world.now()
  await session.out.result({ path: record.path, versions: recordJson(record).versions }, () =>
    session.out.table([...record.versions].reverse(), [
      { title: 'VERSION', align: 'right', cell: (version) => `v${version.number}` },
      {
        title: 'STATE',
        cell: (version) => stateOf(version, now),
        style: (version) => (stateOf(version, now) === 'live' ? 'green' : 'yellow'),
      },
      {
        title: 'LABELS',
        cell: (version) => labelsOn(record, version.number).join(','),
        style: () => 'bold',
      },
      { title: 'CREATED', cell: (version) => shownInstant(version.createdAt) },
      { title: 'BY', cell: (version) => version.createdBy },
      { title: 'EXPIRES', cell: (version) => shownInstant(version.expiresAt) },
    ]),
  )
}
