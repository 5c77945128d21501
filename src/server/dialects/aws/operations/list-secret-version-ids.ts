import type { Call, Operation } from '../call.ts'
import { offsetOf, tokenOfOffset } from '../page-token.ts'
import { keptOf } from '../kept.ts'
import { epoch, identityOf } from '../secret.ts'
import { Flag, NextToken, SecretId } from '../shapes/members.ts'
import { number, struct } from '../shapes/shape.ts'
import { stagesOf } from '../staging/stages.ts'
import { knownVersions, versionIdOf } from '../staging/version-ids.ts'
import { described } from './describe-secret.ts'

interface ListVersionsInput {
  readonly SecretId: string
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly IncludeDeprecated?: boolean
}

/** Versions that have a value; those without a stage ("deprecated") when they are asked for. */
export const listSecretVersionIds: Operation = {
  kind: 'read',
  input: struct(
    { SecretId, MaxResults: number(1, 100), NextToken, IncludeDeprecated: Flag },
    'SecretId',
  ),
  async run(call: Call, input: ListVersionsInput) {
    const record = await described(call, input.SecretId)
    const { kmsKeyId = '' } = keptOf(record)
    const after = offsetOf(input.NextToken)
    const versions = knownVersions(record)
      .map((version) => ({ version, stages: stagesOf(record, version.number) }))
      .filter(({ version, stages }) => {
        const wanted = stages.length > 0 || input.IncludeDeprecated === true
        return version.state === 'live' && version.number > after && wanted
      })
    const max = input.MaxResults ?? 100
    const page = versions.slice(0, max)
    const last = page.at(-1)?.version.number
    return {
      Versions: page.map(({ version, stages }) => ({
        VersionId: versionIdOf(record.id, version),
        ...(stages.length === 0 ? {} : { VersionStages: stages }),
        LastAccessedDate: epoch(call.dialect.accessTimes.last(record.id, version.number)),
        CreatedDate: epoch(version.createdAt),
        KmsKeyIds: [kmsKeyId === '' ? 'DefaultEncryptionKey' : kmsKeyId],
      })),
      ...(versions.length > max && last !== undefined ? { NextToken: tokenOfOffset(last) } : {}),
      ...identityOf(call, record),
    }
  },
}
