import { CofferError } from '../../core/errors.ts'
import type { SecretRecord } from '../../core/record.ts'
import type { TypeSpec } from '../../core/types/spec.ts'
import { recordJson } from '../records.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { show } from '../specs/values.ts'
import { shownInstant } from '../time.ts'

export const handle: Handler<typeof show> = async ({ options, args: [given] }, session) => {
  const path = await pathGiven(session, given, options)
  const record = await (await session.coffer()).describe(path)
  if (record === undefined) throw new CofferError('not_found', `There is no secret ${path}.`)
  await session.out.result(recordJson(record), () => {
    for (const [name, value] of facts(record)) {
      if (value !== undefined && value !== '') session.out.line(`${name.padEnd(15)} ${value}`)
    }
  })
}

const facts = (record: SecretRecord): [string, string | undefined][] => [
  ['path', record.path],
  ['id', record.id],
  ['type', typeText(record.type)],
  ['description', record.description],
  ['owner', record.owner],
  ['classification', record.classification],
  ['tags', pairs(record.tags)],
  ['variable', record.envName],
  ['labels', pairs(record.labels, (version) => `v${version}`)],
  ['versions', versionsText(record)],
  [
    'rotation',
    record.rotation &&
      `every ${record.rotation.everyDays} days, ${record.rotation.automatic ? 'automatic' : 'by hand'}`,
  ],
  ['revision', String(record.revision)],
  ['created', shownInstant(record.createdAt)],
  ['updated', shownInstant(record.updatedAt)],
  ['deleted', shownInstant(record.deletedAt)],
  ['purged after', shownInstant(record.purgeAt)],
]

function versionsText(record: SecretRecord): string {
  const kept = `${record.versions.length}`
  return record.maxVersions === undefined ? kept : `${kept} of at most ${record.maxVersions}`
}

function typeText(type: TypeSpec): string {
  const parts = Object.entries(type)
    .filter(([key]) => key !== 'name' && key !== 'schema')
    .map(([key, value]) => `${key} ${String(value)}`)
  if (type.schema !== undefined) parts.push('with a schema')
  return [type.name, ...parts].join(', ')
}

const pairs = <T>(
  record: Readonly<Record<string, T>> | undefined,
  shown: (value: T) => string = String,
): string =>
  Object.entries(record ?? {})
    .map(([key, value]) => `${key}=${shown(value)}`)
    .join(' ')
