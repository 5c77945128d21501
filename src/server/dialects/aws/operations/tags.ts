import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret, refuse } from '../change.ts'
import { faults } from '../errors/faults.ts'
import { SecretId, TagKey, Tags } from '../shapes/members.ts'
import { list, struct } from '../shapes/shape.ts'
import type { Tag } from './tag-list.ts'
import { TAGS_MAX, tagsOf, tooManyTags } from './tag-list.ts'

export const tagResource: Operation = {
  kind: 'write',
  input: struct({ SecretId, Tags }, 'SecretId', 'Tags'),
  async run(call: Call, input: { SecretId: string; Tags: readonly Tag[] }) {
    // Looked at before the secret: what is wrong with tags must not tell whether it is there.
    const added = tagsOf(input.Tags)
    return retagged(call, input.SecretId, (tags) => ({ ...tags, ...added }))
  },
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
  changeLiveSecret(call, secretId, 'update', async ({ path, revision, tags: before }) => {
    const tags = retag(before)
    if (Object.keys(tags).length > TAGS_MAX) {
      const { code, message } = tooManyTags()
      return refuse(call, path, 'update', code, faults.parameter(message))
    }
    await call.coffer.update(path, { tags }, { ifRevision: revision })
    return undefined
  })
