import { createHash } from 'node:crypto'
import type { DescribeSecretResponse, Tag } from '@aws-sdk/client-secrets-manager'
import { CofferError } from '../../../core/errors.ts'
import type { DestinationEntry, PutChange } from '../../../core/ports/destination.ts'

/**
 * How a delivered secret tells what it is: tags name its owner, and the id of its version holds the
 * keyed fingerprint of its value. So both are written in one step, and a version that anybody else
 * writes tells nothing.
 */
const OWNER_TAG = 'coffer:owner'

/** What `list` tells; undefined where the secret is scheduled for deletion. */
export function entryOf(
  name: string,
  secret: DescribeSecretResponse,
): DestinationEntry | undefined {
  if (secret.DeletedDate !== undefined) return undefined
  const version = currentOf(secret)
  return {
    name,
    owner: ownerOf(secret),
    fingerprint: VERSION_ID.exec(version ?? '')?.[1],
    revision: version ?? NO_VERSION,
    createdAt: secret.CreatedDate?.getTime(),
    updatedAt: (secret.LastChangedDate ?? secret.CreatedDate)?.getTime(),
  }
}

export const ownerOf = ({ Tags = [] }: DescribeSecretResponse): string | undefined =>
  Tags.find(({ Key }) => Key === OWNER_TAG)?.Value

/**
 * The id of the version that holds this value after `revision`. The same for the same change, so AWS
 * makes it once however often it is asked; another when a value comes back later.
 */
export function versionIdOf(fingerprint: string, name: string, revision: string): string {
  const after = createHash('sha256')
    .update(JSON.stringify([name, revision]))
    .digest('hex')
  return `coffer-${fingerprint}-${after.slice(0, 16)}`
}

/** Before there is a version. */
export const NO_VERSION = 'none'

/**
 * The tags that a delivered secret has, and those that `coffer terraform` gives it. What AWS does not
 * take in a tag is `_`.
 * @throws CofferError `invalid_argument` for an owner whose name AWS does not take
 */
export function tagsOf({ path, about = {} }: PutChange, owner: string): Tag[] {
  if (owner.length > TAG_CHARS_MAX || owner.search(NO_TAG_TEXT) !== -1) {
    throw new CofferError('invalid_argument', `AWS takes no tag of the text ${owner}.`, {
      remedy: 'Name the project and its environment with letters, digits and _ . : / = + - @ only.',
    })
  }
  const days = about.rotateEveryDays
  const texts: Readonly<Record<string, string | undefined>> = {
    [OWNER_TAG]: owner,
    'coffer:path': path,
    owner: about.owner,
    classification: about.classification,
    'rotation-interval': days === undefined ? undefined : `${days}d`,
  }
  return Object.entries(texts).flatMap(([Key, text = '']) => {
    const Value = text.replace(NO_TAG_TEXT, '_').slice(0, TAG_CHARS_MAX)
    return Value === '' ? [] : [{ Key, Value }]
  })
}

const NO_TAG_TEXT = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu
const TAG_CHARS_MAX = 256
/** 32 to 64 characters are AWS's; these are 56. */
const VERSION_ID = /^coffer-([0-9a-f]{32})-[0-9a-f]{16}$/

function currentOf({ VersionIdsToStages = {} }: DescribeSecretResponse): string | undefined {
  return Object.keys(VersionIdsToStages).find((id) =>
    VersionIdsToStages[id]?.includes('AWSCURRENT'),
  )
}
