import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret } from '../change.ts'
import { SecretId, TagKey, Tags } from '../shapes/members.ts'
import { list, struct } from '../shapes/shape.ts'
import type { Tag } from './tag-list.ts'
import { withTags } from './tag-list.ts'

export const tagResource: Operation = {
  kind: 'write',
  input: struct({ SecretId, Tags }, 'SecretId', 'Tags'),
  run: (call: Call, input: { SecretId: string; Tags: readonly Tag[] }) =>
    retagged(call, input.SecretId, (tags) => withTags(tags, input.Tags)),
}

export const untagResource: Operation = {
  kind: 'write',
  input: struct({ SecretId, TagKeys: list(TagKey) }, 'SecretId', 'TagKeys'),
  run: (call: Call, input: { SecretId: string; TagKeys: readonly string[] }) => {
    const leaving = new Set(input.TagKeys)
    return retagged(call, input.SecretId, (tags) =>
      Object.fromEntries(Object.entries(tags ?? {}).filter(([key]) => !leaving.has(key))),
    )
  },
}

const retagged = (
  call: Call,
  secretId: string,
  retag: (tags: SecretRecord['tags']) => Record<string, string>,
): Promise<undefined> =>
  changeLiveSecret(call, secretId, 'update', async ({ path, revision, tags }) => {
    await call.coffer.update(path, { tags: retag(tags) }, { ifRevision: revision })
    return undefined
  })
