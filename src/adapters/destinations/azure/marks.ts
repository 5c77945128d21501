import type { SecretProperties } from '@azure/keyvault-secrets'
import { CofferError } from '../../../core/errors.ts'
import type { DestinationEntry, PutChange } from '../../../core/ports/destination.ts'

/**
 * How a delivered secret tells what it is: tags, which Azure keeps with each version, so that mark
 * and value are one step, and a version that anybody else writes has none.
 */
export const OWNER_TAG = 'coffer-owner'
export const FINGERPRINT_TAG = 'coffer-fingerprint'

type Kept = Pick<SecretProperties, 'name' | 'tags' | 'createdOn' | 'updatedOn'>

export function entryOf({ name, tags = {}, createdOn, updatedOn }: Kept): DestinationEntry {
  return {
    name,
    owner: tags[OWNER_TAG],
    fingerprint: tags[FINGERPRINT_TAG],
    // A list names no versions; both instants are those of the newest one, in seconds.
    revision: `${createdOn?.getTime() ?? 0}.${updatedOn?.getTime() ?? 0}`,
    createdAt: createdOn?.getTime(),
    updatedAt: updatedOn?.getTime(),
  }
}

/**
 * The tags of the next version: ours, what the manifest says, and what others put there.
 * @throws CofferError `limit_exceeded` past what Azure keeps
 */
export function tagsOf(
  { path, about = {} }: PutChange,
  mark: { readonly owner: string; readonly fingerprint: string },
  others: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const days = about.rotateEveryDays
  const texts: Readonly<Record<string, string | undefined>> = {
    ...others,
    [OWNER_TAG]: mark.owner,
    [FINGERPRINT_TAG]: mark.fingerprint,
    'coffer-path': path,
    ...(about.owner === undefined ? {} : { owner: about.owner }),
    ...(about.classification === undefined ? {} : { classification: about.classification }),
    ...(days === undefined ? {} : { 'rotation-interval': `${days}d` }),
  }
  const tags = Object.entries(texts).filter(
    (tag): tag is [string, string] => tag[1] !== undefined && tag[1].length <= TAG_CHARS_MAX,
  )
  if (tags.length <= TAGS_MAX) return Object.fromEntries(tags)
  throw new CofferError('limit_exceeded', `A secret of Azure has at most ${TAGS_MAX} tags.`, {
    remedy: 'Remove some of the tags that others put on it; ours are six.',
  })
}

const TAGS_MAX = 15
const TAG_CHARS_MAX = 256
